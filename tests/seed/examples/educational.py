# From the seed document "Video Generation" (last updated 2025-11-08), section "Educational Animation": verbatim.
# Create an educational animation
educational_video = client.videos(
    prompt=(
        "Animated explanation of photosynthesis: show a green plant "
        "absorbing sunlight, water molecules moving up through roots, "
        "carbon dioxide entering leaves, oxygen and glucose being produced, "
        "simple animated style suitable for children"
    ),
    model="amazon/nova-reel",
    duration=6
)
