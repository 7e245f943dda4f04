# From the seed document "Video Generation" (last updated 2025-11-08), section "Saving Generated Videos": verbatim.
import requests
import os

def save_video(url, filename):
    """Download and save a video from URL to a local file."""
    response = requests.get(url, stream=True)
    if response.status_code == 200:
        with open(filename, 'wb') as f:
            for chunk in response.iter_content(chunk_size=8192):
                f.write(chunk)
        print(f"Video saved as {filename}")
    else:
        print(f"Failed to download video: {response.status_code}")

# Check if job is completed
job_response = client.jobs(job_id="your_job_id")

if job_response['status'] == 'completed':
    # Save each generated video
    os.makedirs("generated_videos", exist_ok=True)
    for i, video_item in enumerate(job_response['result']['data']):
        video_url = video_item['url']
        filename = f"generated_videos/video_{i}.mp4"
        save_video(video_url, filename)
else:
    print("Video generation not yet completed")
