# From the seed document "Video Generation" (last updated 2025-11-08), section "Image-to-Video Generation", its second half: verbatim.
# Google Veo with image input
veo_image_response = client.videos(
    prompt="Animate this landscape with a gentle breeze and moving clouds",
    model="google/veo-3.0-generate-001",
    input_image="data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA...",
    aspect_ratio="16:9",
    duration=8,
    generate_audio=True
)
