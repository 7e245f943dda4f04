# From the seed document "Video Generation" (last updated 2025-11-08), section "Audio Generation": verbatim.
# Google Veo 3+ with audio
audio_video_response = client.videos(
    prompt="A musician playing guitar on a beach at sunset",
    model="google/veo-3.0-generate-001",
    aspect_ratio="16:9",
    duration=8,
    generate_audio=True  # Generates music and sound effects
)
