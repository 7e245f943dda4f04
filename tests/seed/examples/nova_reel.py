# From the seed document "Video Generation" (last updated 2025-11-08), section "Amazon Nova Reel": verbatim.
# Amazon Nova Reel (cost-effective option)
nova_response = client.videos(
    prompt="A timelapse of a flower blooming",
    model="amazon/nova-reel",
    duration=6
)
