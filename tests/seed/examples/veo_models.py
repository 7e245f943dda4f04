# From the seed document "Video Generation" (last updated 2025-11-08), section "Google Veo Models": verbatim.
# Veo 2 (text-to-video and image-to-video)
veo2_response = client.videos(
    prompt="A butterfly emerging from its chrysalis",
    model="google/veo-2.0-generate-001",
    aspect_ratio="16:9",
    duration=6
)

# Veo 3 (with optional audio generation)
veo3_response = client.videos(
    prompt="A chef preparing pasta in an Italian kitchen",
    model="google/veo-3.0-generate-001",
    aspect_ratio="16:9",
    duration=8,
    generate_audio=True  # Include synchronized audio
)

# Veo 3.1 (advanced features)
veo31_response = client.videos(
    prompt="A futuristic city with flying cars",
    model="google/veo-3.1-generate-preview",
    aspect_ratio="16:9",
    duration=8,
    generate_audio=True,
    negative_prompt="blurry, low quality, static",
    person_generation="allow_all"
)
