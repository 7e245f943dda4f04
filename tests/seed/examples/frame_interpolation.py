# From the seed document "Video Generation" (last updated 2025-11-08), section "Frame Interpolation and Video Extension": verbatim.
# Frame interpolation between two frames
interpolation_response = client.videos(
    prompt="Smooth transition between these two poses",
    model="google/veo-3.1-fast-generate-preview",
    input_image="data:image/png;base64,...",  # Starting frame
    last_frame="data:image/png;base64,...",   # Ending frame
    duration=8,
    generate_audio=True
)
