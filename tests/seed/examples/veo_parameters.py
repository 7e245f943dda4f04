# From the seed document "Video Generation" (last updated 2025-11-08), section "Google Veo Parameters": verbatim.
veo_response = client.videos(
    prompt="A serene underwater scene with colorful fish",
    model="google/veo-3.0-generate-001",
    aspect_ratio="16:9",                    # 16:9 or 9:16
    resolution="720p",                      # 720p or 1080p (Veo 3+)
    duration=8,                             # 4-8 seconds depending on model
    generate_audio=True,                    # Generate synchronized audio
    input_image="data:image/png;base64,...", # Image-to-video input
    reference_image="data:image/png;base64,...", # Reference image for style
    reference_images=["data:image/png;base64,...", "data:image/png;base64,..."], # Multiple references (Veo 3.1)
    negative_prompt="blurry, distorted, low quality", # What to avoid (Veo 3.1)
    person_generation="allow_adult",         # Person generation control (Veo 3.1)
    last_frame="data:image/png;base64,...", # Frame interpolation (Veo 3.1)
    video="data:video/mp4;base64,..."       # Video extension input (future)
)
