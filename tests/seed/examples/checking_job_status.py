# From the seed document "Video Generation" (last updated 2025-11-08), section "Checking Job Status": verbatim.
# Get job status
job_response = client.jobs(job_id="your_job_id")

print(f"Job Status: {job_response['status']}")
print(f"Progress: {job_response['progress']}%")
print(f"Created: {job_response['created_at']}")

if job_response['status'] == 'completed':
    # Access the generated video
    video_data = job_response['result']['data'][0]
    video_url = video_data['url']
    print(f"Video URL: {video_url}")
elif job_response['status'] == 'failed':
    print(f"Error: {job_response.get('error', 'Unknown error')}")
