# From the seed document "Video Generation" (last updated 2025-11-08), section "Reference Images and Style Control": verbatim.
# Google Veo 3.1 with multiple reference images
styled_response = client.videos(
    prompt="A ballet dancer in the style of these reference images",
    model="google/veo-3.1-generate-preview",
    reference_images=[
        "data:image/png;base64,...",  # Reference image 1
        "data:image/png;base64,...",  # Reference image 2
        "data:image/png;base64,..."   # Reference image 3
    ],
    aspect_ratio="9:16",
    duration=8,
    generate_audio=True
)
