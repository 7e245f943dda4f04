# From the seed document "Video Generation" (last updated 2025-11-08), section "Understanding Video Generation": verbatim.
# Check job status
status_response = client.jobs(job_id="your_job_id")
print(f"Status: {status_response['status']}")
print(f"Progress: {status_response['progress']}%")

# Once completed, get the video URL
if status_response['status'] == 'completed':
    video_url = status_response['result']['data'][0]['url']
    print(f"Video URL: {video_url}")
