# From the seed document "Video Generation" (last updated 2025-11-08), section "OpenAI Sora Models": verbatim.
# Sora 2 (recommended for most use cases)
sora_response = client.videos(
    prompt="A cat playing piano in a jazz club",
    model="openai/sora-2",
    size="1280x720",
    seconds=4
)

# Sora 2 Pro (higher quality, more expensive)
sora_pro_response = client.videos(
    prompt="A cinematic battle scene with dramatic lighting",
    model="openai/sora-2-pro",
    size="1792x1024",
    seconds=8
)
