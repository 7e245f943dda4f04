# From the seed document "Video Generation" (last updated 2025-11-08), section "BYOK (Bring Your Own Key) Support", its second half: verbatim.
# Use your own Google API key
google_response = client.videos(
    prompt="A butterfly emerging from its chrysalis",
    model="google/veo-3.0-generate-001",
    aspect_ratio="16:9",
    duration=8,
    byok_api_key="your-google-api-key-here"
)
