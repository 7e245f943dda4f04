import time

from ..clients import local, openai
from ..config import DRAFT_MODEL, SIZE


def draft(product, *, seconds=8):
    video = openai.videos.create(
        model=DRAFT_MODEL,
        prompt=f"{product} on a table, slow dolly in",
        seconds=str(seconds),
        size=SIZE,
    )
    while video.status in {"queued", "in_progress"}:
        time.sleep(10)
        video = openai.videos.retrieve(video.id)
    return openai.videos.download_content(video.id)


def rehearse(product):
    return local.videos.create(model="sora-2", prompt=product)
