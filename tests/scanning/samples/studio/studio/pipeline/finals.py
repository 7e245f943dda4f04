import asyncio

from google.genai import types

from studio.clients import Google, async_openai, bedrock
from studio.config import FINAL_MODEL, REEL, VEO

STYLE = "studio light, no text"


async def finals(prompts, still):
    client = async_openai()
    jobs = [
        client.videos.create(prompt=prompt, model=FINAL_MODEL, seconds="12", size="1792x1024", input_reference=still)
        for prompt in prompts
    ]
    return await asyncio.gather(*jobs)


def loop(prompt, still):
    return Google().client.models.generate_videos(
        model=VEO["fast"],
        prompt=f"{prompt}, {STYLE}",
        image=types.Image.from_file(location=still),
        config=types.GenerateVideosConfig(aspect_ratio="9:16", duration_seconds=8, resolution="1080p"),
    )


def best(prompt):
    return Google("shop").client.models.generate_videos(model=VEO["best"], prompt=prompt)


def reel(text, bucket):
    body = {"taskType": "MULTI_SHOT_AUTOMATED", "multiShotAutomatedParams": {"text": text}}
    body["videoGenerationConfig"] = {"durationSeconds": 18, "fps": 24, "dimension": "1280x720"}
    return bedrock().start_async_invoke(
        modelId=REEL,
        modelInput=body,
        outputDataConfig={"s3OutputDataConfig": {"s3Uri": f"s3://{bucket}/reels"}},
    )


def any_model(model, prompt):
    from litellm import video_generation

    return video_generation(prompt=prompt, model=model)
