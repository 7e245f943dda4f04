"""Sources as people write them, and the call of polyreel that replaces the one call in each."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Snippet:
    """One way to write a call.

    Attributes:
        name: What is particular about it.
        source: The file.
        model: The document that it asks.
        line: Where the call stands.
        call: What replaces it, when the target is :data:`TARGET`.
        remarks: How each sentence begins that says what is not the same afterwards.
    """

    name: str
    source: str
    model: str
    line: int
    call: str
    remarks: tuple[str, ...] = ()


TARGET = "google/gemini-omni-1.2-flash"

SNIPPETS = [
    Snippet(
        name="openai, the usual way",
        source="""
from openai import OpenAI

client = OpenAI()
video = client.videos.create(model="sora-2", prompt="A paper boat", seconds="12", size="720x1280")
""".lstrip(),
        model="openai/sora-2",
        line=4,
        call='polyreel.generate("A paper boat", model="google/gemini-omni-1.2-flash", duration=12, size="720x1280")',
    ),
    Snippet(
        name="openai, renamed, and a picture",
        source="""
import openai as oa

oa.OpenAI(timeout=30).videos.create_and_poll(
    prompt=prompt, model="sora-2-pro", seconds="8", size="1280x720", input_reference=open("boat.png", "rb")
)
""".lstrip(),
        model="openai/sora-2-pro",
        line=3,
        call='polyreel.generate(prompt, model="google/gemini-omni-1.2-flash", duration=8, size="1280x720", input_image=open("boat.png", "rb"))',
    ),
    Snippet(
        name="openai, awaited, on an attribute",
        source="""
from openai import AsyncOpenAI, OpenAI


class Studio:
    def __init__(self):
        self.client = AsyncOpenAI()

    async def film(self, prompt, seconds=4):
        return await self.client.videos.create(model="sora-2", prompt=prompt, seconds=str(seconds))
""".lstrip(),
        model="openai/sora-2",
        line=9,
        call='await polyreel.agenerate(prompt, model="google/gemini-omni-1.2-flash", duration=seconds)',
        remarks=(
            "size: '720x1280' becomes '1280x720'",
            "aspect_ratio: '9:16' becomes '16:9'",
            "duration=seconds is only known when the program runs; polyreel checks it then",
        ),
    ),
    Snippet(
        name="openai, a constant and the module's own client",
        source="""
import openai

MODEL = "sora-2"
SIZE = "1280x720"
openai.videos.create(prompt=f"A boat, {mood}", model=MODEL, size=SIZE)
""".lstrip(),
        model="openai/sora-2",
        line=5,
        call='polyreel.generate(f"A boat, {mood}", model="google/gemini-omni-1.2-flash", size=SIZE)',
        remarks=("duration: 4 becomes 8",),
    ),
    Snippet(
        name="openai, no model named",
        source="""
from openai import OpenAI

with OpenAI() as client:
    client.videos.create(prompt="A boat")
""".lstrip(),
        model="openai/sora-2",
        line=4,
        call='polyreel.generate("A boat", model="google/gemini-omni-1.2-flash")',
        remarks=(
            "duration: 4 becomes 8",
            "size: '720x1280' becomes '1280x720'",
            "aspect_ratio: '9:16' becomes '16:9'",
        ),
    ),
    Snippet(
        name="openai, arguments in a dictionary",
        source="""
from openai import OpenAI

options = {"model": "sora-2", "seconds": "8"}
options["size"] = "1280x720"
OpenAI().videos.create(prompt="A boat", **options)
""".lstrip(),
        model="openai/sora-2",
        line=5,
        call='polyreel.generate("A boat", model="google/gemini-omni-1.2-flash", duration=8, size="1280x720")',
    ),
    Snippet(
        name="openai, a client that is only annotated",
        source="""
from openai import OpenAI


def film(client: "OpenAI | None", prompt: str, model: str = "sora-2"):
    return client.videos.with_raw_response.create(model=model, prompt=prompt, timeout=10)
""".lstrip(),
        model="openai/sora-2",
        line=5,
        call='polyreel.generate(prompt, model="google/gemini-omni-1.2-flash")',
        remarks=(
            "duration: 4 becomes 8",
            "size: '720x1280' becomes '1280x720'",
            "aspect_ratio: '9:16' becomes '16:9'",
        ),
    ),
    Snippet(
        name="openai, a picture as a tuple",
        source="""
from openai import OpenAI

OpenAI().videos.create(model="sora-2", prompt="A boat", input_reference=("boat.png", content, "image/png"))
""".lstrip(),
        model="openai/sora-2",
        line=3,
        call='polyreel.generate("A boat", model="google/gemini-omni-1.2-flash", input_image=content)',
        remarks=(
            "duration: 4 becomes 8",
            "size: '720x1280' becomes '1280x720'",
            "aspect_ratio: '9:16' becomes '16:9'",
        ),
    ),
    Snippet(
        name="genai, a whole configuration",
        source="""
from google import genai
from google.genai import types

client = genai.Client()
operation = client.models.generate_videos(
    model="veo-3.0-generate-001",
    prompt="A paper boat",
    image=types.Image.from_file(location="boat.png", mime_type="image/png"),
    config=types.GenerateVideosConfig(
        duration_seconds=8, aspect_ratio="16:9", resolution="1080p", negative_prompt="blur", number_of_videos=1
    ),
)
""".lstrip(),
        model="google/veo-3.0-generate-001",
        line=5,
        call='polyreel.generate("A paper boat", model="google/gemini-omni-1.2-flash", input_image="boat.png", n=1, duration=8, aspect_ratio="16:9", resolution="1080p")',
        remarks=("negative_prompt='blur' is lost",),
    ),
    Snippet(
        name="genai, Vertex AI, asynchronous",
        source="""
from google import genai

client = genai.Client(vertexai=True, project="p", location="us-central1")


async def film(prompt):
    return await client.aio.models.generate_videos(
        model="models/veo-3.0-generate-preview", prompt=prompt, config={"durationSeconds": 6, "generateAudio": False}
    )
""".lstrip(),
        model="google/veo-3.0-generate-preview",
        line=7,
        call='await polyreel.agenerate(prompt, model="google/gemini-omni-1.2-flash", duration=6, generate_audio=True)',
        remarks=("generate_audio: False becomes True",),
    ),
    Snippet(
        name="genai, references and a source",
        source="""
from google import genai
from google.genai.types import GenerateVideosConfig, GenerateVideosSource, Image, VideoGenerationReferenceImage

config = GenerateVideosConfig(
    reference_images=[
        VideoGenerationReferenceImage(image=Image.from_file(location="a.png"), reference_type="asset"),
        VideoGenerationReferenceImage(image=Image.from_file(location=path), reference_type="asset"),
    ],
    duration_seconds=8,
)
genai.Client().models.generate_videos(
    model="veo-3.1-generate-preview", source=GenerateVideosSource(prompt="A dress"), config=config
)
""".lstrip(),
        model="google/veo-3.1-generate-preview",
        line=11,
        call='polyreel.generate("A dress", model="google/gemini-omni-1.2-flash", reference_images=["a.png", path], duration=8)',
    ),
    Snippet(
        name="genai, an interaction",
        source="""
from google import genai

genai.Client(api_key=key).interactions.create(
    model="gemini-omni-flash-preview",
    input="A paper boat",
    background=True,
    response_format={"type": "video", "duration": "8s", "aspect_ratio": "9:16", "resolution": "720p"},
)
""".lstrip(),
        model="google/gemini-omni-flash-preview",
        line=3,
        call='polyreel.generate("A paper boat", model="google/gemini-omni-1.2-flash", duration=8, aspect_ratio="9:16", resolution="720p")',
    ),
    Snippet(
        name="bedrock, text",
        source="""
import boto3

bedrock = boto3.client("bedrock-runtime", region_name="us-east-1")
model_input = {
    "taskType": "TEXT_VIDEO",
    "textToVideoParams": {"text": text},
    "videoGenerationConfig": {"durationSeconds": 6, "fps": 24, "dimension": "1280x720", "seed": 42},
}
bedrock.start_async_invoke(
    modelId="amazon.nova-reel-v1:1",
    modelInput=model_input,
    outputDataConfig={"s3OutputDataConfig": {"s3Uri": "s3://films/out"}},
)
""".lstrip(),
        model="amazon/nova-reel-v1:1",
        line=9,
        call='polyreel.generate(text, model="google/gemini-omni-1.2-flash", duration=6, size="1280x720", fps=24)',
        remarks=(
            "seed=42 is lost",
            "amazon_task='TEXT_VIDEO' is lost",
            "amazon_output='s3://films/out' is lost",
            "generate_audio: False becomes True",
        ),
    ),
    Snippet(
        name="bedrock, a session, an ARN and a picture",
        source="""
from boto3 import Session

session = Session(profile_name="films")
session.client(service_name="bedrock-runtime").start_async_invoke(
    clientRequestToken=token,
    modelId="arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-reel-v1:0",
    modelInput={
        "taskType": "TEXT_VIDEO",
        "textToVideoParams": {
            "text": "Dolly in",
            "images": [{"format": "png", "source": {"bytes": picture}}],
        },
        "videoGenerationConfig": {"durationSeconds": 6, "fps": 24, "dimension": "1280x720"},
    },
    outputDataConfig={"s3OutputDataConfig": {"s3Uri": "s3://films/out"}},
)
""".lstrip(),
        model="amazon/nova-reel-v1:0",
        line=4,
        call='polyreel.generate("Dolly in", model="google/gemini-omni-1.2-flash", duration=6, size="1280x720", fps=24, input_image=base64.b64decode(picture))',
        remarks=(
            "amazon_task='TEXT_VIDEO' is lost",
            "amazon_output='s3://films/out' is lost",
            "generate_audio: False becomes True",
            "it needs 'import base64'",
        ),
    ),
    Snippet(
        name="bedrock, asynchronous, several shots",
        source="""
import aioboto3


async def film():
    async with aioboto3.Session().client("bedrock-runtime") as client:
        await client.start_async_invoke(
            modelId="amazon.nova-reel-v1:1",
            modelInput={
                "taskType": "MULTI_SHOT_MANUAL",
                "multiShotManualParams": {"shots": [{"text": "One"}, {"text": "Two"}]},
                "videoGenerationConfig": {"fps": 24, "dimension": "1280x720"},
            },
            outputDataConfig={"s3OutputDataConfig": {"s3Uri": "s3://films/out"}},
        )
""".lstrip(),
        model="amazon/nova-reel-v1:1",
        line=6,
        call='await polyreel.agenerate("One", model="google/gemini-omni-1.2-flash", size="1280x720", fps=24)',
        remarks=(
            "amazon_task='MULTI_SHOT_MANUAL' is lost",
            "amazon_output='s3://films/out' is lost",
            "duration: 6 becomes 8",
            "generate_audio: False becomes True",
            "modelInput.multiShotManualParams.shots.1 has no counterpart and is left out",
        ),
    ),
    Snippet(
        name="litellm, by position",
        source="""
import litellm

litellm.video_generation("A boat", "openai/sora-2", seconds="4", size="1280x720")
""".lstrip(),
        model="openai/sora-2",
        line=3,
        call='polyreel.generate("A boat", model="google/gemini-omni-1.2-flash", duration=4, size="1280x720")',
    ),
    Snippet(
        name="litellm, renamed, Veo",
        source="""
from litellm import avideo_generation as film


async def main():
    await film(prompt=prompt, model="gemini/veo-3.0-generate-preview", seconds="8", size="720x1280", user="me")
""".lstrip(),
        model="google/veo-3.0-generate-preview",
        line=5,
        call='await polyreel.agenerate(prompt, model="google/gemini-omni-1.2-flash", duration=8, size="720x1280")',
    ),
    Snippet(
        name="litellm, Vertex AI",
        source="""
import litellm

litellm.video_generation(prompt="A boat", model="vertex_ai/veo-3.0-generate-001", timeout=60)
""".lstrip(),
        model="google/veo-3.0-generate-001",
        line=3,
        call='polyreel.generate("A boat", model="google/gemini-omni-1.2-flash")',
    ),
    Snippet(
        name="litellm, no model named",
        source="""
import litellm

litellm.video_generation("A boat")
""".lstrip(),
        model="openai/sora-2",
        line=3,
        call='polyreel.generate("A boat", model="google/gemini-omni-1.2-flash")',
        remarks=(
            "duration: 4 becomes 8",
            "size: '720x1280' becomes '1280x720'",
            "aspect_ratio: '9:16' becomes '16:9'",
        ),
    ),
    Snippet(
        name="indoxrouter, its default",
        source="""
from indoxrouter import Client

client = Client(api_key=key)
client.videos("A cat")
""".lstrip(),
        model="google/veo-3.0-generate-001",
        line=4,
        call='polyreel.generate("A cat", model="google/gemini-omni-1.2-flash")',
    ),
    Snippet(
        name="indoxrouter, everything named",
        source="""
from indoxrouter import IndoxRouter

IndoxRouter().videos(
    "A cat", model="openai/sora-2", size="1280x720", duration=4, input_image="boat.png", seed=7, byok_api_key=key
)
""".lstrip(),
        model="openai/sora-2",
        line=3,
        call='polyreel.generate("A cat", model="google/gemini-omni-1.2-flash", duration=4, size="1280x720", input_image="boat.png")',
        remarks=("seed=7 is lost",),
    ),
    Snippet(
        name="indoxhub, Google",
        source="""
import indoxhub

with indoxhub.Client() as hub:
    hub.videos(prompt="A cat", model="google/veo-3.0-fast-generate-001", generate_audio=True, duration=8)
""".lstrip(),
        model="google/veo-3.0-fast-generate-001",
        line=4,
        call='polyreel.generate("A cat", model="google/gemini-omni-1.2-flash", duration=8, generate_audio=True)',
    ),
]
