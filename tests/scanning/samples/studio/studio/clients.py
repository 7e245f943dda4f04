import boto3
from google import genai
from openai import AsyncOpenAI, OpenAI

openai = OpenAI()
local = OpenAI(base_url="http://gpu.local:8000/v1", api_key="none")


def async_openai() -> AsyncOpenAI:
    return AsyncOpenAI(max_retries=0)


class Google:
    def __init__(self, project: str | None = None):
        self.client = genai.Client(vertexai=True, project=project) if project else genai.Client()


def bedrock(region="us-east-1"):
    session = boto3.session.Session(region_name=region)
    return session.client("bedrock-runtime")
