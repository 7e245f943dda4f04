# From the seed document "Video Generation" (last updated 2025-11-08), section "Amazon Nova Reel Parameters": verbatim.
nova_response = client.videos(
    prompt="A cup of coffee steaming on a wooden table",
    model="amazon/nova-reel",
    dimension="1280x720",    # Fixed: 1280x720
    duration_seconds=6,      # Fixed: 6 seconds
    fps=24,                  # Fixed: 24 fps
    seed=123,                # Random seed
    input_image="data:image/png;base64,..." # Optional: base64 image input
)
