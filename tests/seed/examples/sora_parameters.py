# From the seed document "Video Generation" (last updated 2025-11-08), section "OpenAI Sora Parameters": verbatim.
sora_response = client.videos(
    prompt="A ballet dancer performing in a spotlight",
    model="openai/sora-2",
    size="1280x720",        # 1280x720 or 720x1280
    seconds=4,              # 4, 8, or 12 seconds
    input_image="data:image/png;base64,...",  # Optional: base64 image for image-to-video
    input_reference="data:image/png;base64,..."  # Optional: reference image
)
