# From the seed document "Video Generation" (last updated 2025-11-08), section "Image-to-Video Generation", its first half: verbatim.
# OpenAI Sora with image input
image_video_response = client.videos(
    prompt="Make this image come alive with gentle movement and flowing water",
    model="openai/sora-2",
    input_image="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA...",  # Base64 encoded image
    size="1280x720",
    seconds=4
)
