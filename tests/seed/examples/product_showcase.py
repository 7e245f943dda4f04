# From the seed document "Video Generation" (last updated 2025-11-08), section "Product Showcase Video": verbatim.
# Generate a product showcase
product_video = client.videos(
    prompt=(
        "A sleek smartphone rotating slowly on a pedestal, "
        "highlighting its premium design and features, "
        "soft studio lighting, professional product photography style"
    ),
    model="google/veo-3.0-generate-001",
    aspect_ratio="9:16",  # Vertical video for social media
    duration=6,
    generate_audio=False
)
