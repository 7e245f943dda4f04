# From the seed document "Video Generation" (last updated 2025-11-08), section "Core Parameters": verbatim.
response = client.videos(
    prompt="A majestic eagle soaring over mountain peaks",  # Required: text description
    model="openai/sora-2",                                # Required: provider/model format
    size="1280x720",                                      # Video resolution/dimensions
    duration=4,                                           # Video duration in seconds
    n=1,                                                  # Number of videos to generate
    aspect_ratio="16:9",                                  # Video aspect ratio
    fps=24,                                               # Frames per second
    seed=42                                               # Random seed for reproducibility
)
