# From the seed document "Video Generation" (last updated 2025-11-08), section "BYOK (Bring Your Own Key) Support", its first half: verbatim.
# Use your own OpenAI API key
response = client.videos(
    prompt="A rocket launching into space",
    model="openai/sora-2",
    size="1280x720",
    seconds=4,
    byok_api_key="sk-your-openai-key-here"
)
