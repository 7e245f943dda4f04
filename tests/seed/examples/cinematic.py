# From the seed document "Video Generation" (last updated 2025-11-08), section "Cinematic Scene Generation": verbatim.
# Create a cinematic video scene
cinematic_response = client.videos(
    prompt=(
        "A dramatic cinematic scene: a lone warrior standing on a cliff "
        "overlooking a vast ocean at sunset, wind blowing through their "
        "hair, camera slowly dollying in for an emotional close-up, "
        "epic orchestral music swelling in the background"
    ),
    model="openai/sora-2-pro",
    size="1792x1024",
    seconds=8
)
