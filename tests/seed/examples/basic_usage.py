# From the seed document "Video Generation" (last updated 2025-11-08), section "Basic Usage": verbatim.
from indoxrouter import Client

client = Client(api_key="your_api_key")

# Generate a video (async operation)
response = client.videos(
    prompt="A serene mountain landscape with a lake at sunset, cinematic camera movement",
    model="openai/sora-2"
)

# Get the job status
print(f"Job ID: {response['data']['job_id']}")
print(f"Status: {response['data']['status']}")
