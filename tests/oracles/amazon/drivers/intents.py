"""What films are asked for, in every mode, as the members of StartAsyncInvoke; the tests ask the plugin for the same."""

import base64

from account import RAY, REEL, REEL_0

PROMPT = 'A paper boat, naïve ☕ 海, "quoted" <&>'
SHOTS = ("Dawn over a lighthouse", "The keeper lights the lamp")
CONFIG = {"fps": 24, "dimension": "1280x720"}


def text_video(media, image=None, seed=None):
    params = {"text": PROMPT}
    if image is not None:
        params["images"] = [by_bytes(media, image)]
    return {
        "taskType": "TEXT_VIDEO",
        "textToVideoParams": params,
        "videoGenerationConfig": {"durationSeconds": 6, **CONFIG, **({} if seed is None else {"seed": seed})},
    }


def automated(seconds, **more):
    return {
        "taskType": "MULTI_SHOT_AUTOMATED",
        "multiShotAutomatedParams": {"text": PROMPT},
        "videoGenerationConfig": {"durationSeconds": seconds, **CONFIG, **more},
    }


def manual(*shots, **more):
    return {
        "taskType": "MULTI_SHOT_MANUAL",
        "multiShotManualParams": {"shots": list(shots)},
        "videoGenerationConfig": {**CONFIG, **more},
    }


def by_bytes(media, name):
    kind = "png" if name.endswith("png") else "jpeg"
    return {"format": kind, "source": {"bytes": read(media, name)}}


def by_address(uri, **more):
    kind = "png" if uri.endswith("png") else "jpeg"
    return {"format": kind, "source": {"s3Location": {"uri": uri, **more}}}


def read(media, name):
    return base64.b64encode(media.joinpath(name).read_bytes()).decode()


def keyframe(media, name):
    media_type = "image/png" if name.endswith("png") else "image/jpeg"
    source = {"type": "base64", "media_type": media_type, "data": read(media, name)}
    return {"type": "image", "source": source}


def ray(**more):
    """What Ray2 is asked; the defaults are those of the plugin's document, which names them all."""
    return {"prompt": PROMPT, "duration": "5s", "aspect_ratio": "16:9", "resolution": "540p", **more}


def modes(media):
    """Return for every mode of every model its id and its ``modelInput``."""
    one, two = SHOTS
    first, last = keyframe(media, "wide.png"), keyframe(media, "wide.jpg")
    return {
        "text": (REEL, text_video(media)),
        "text_with_a_seed": (REEL, text_video(media, seed=7)),
        "text_first_version": (REEL_0, text_video(media)),
        "image": (REEL, text_video(media, "wide.png")),
        "jpeg": (REEL, text_video(media, "wide.jpg")),
        "image_first_version": (REEL_0, text_video(media, "wide.png")),
        "automated": (REEL, automated(12)),
        "automated_120_s": (REEL, automated(120, seed=0)),
        "manual": (REEL, manual({"text": one}, {"text": two})),
        "manual_with_images": (
            REEL,
            manual(
                {"text": one, "image": by_bytes(media, "wide.png")},
                {"text": two, "image": by_address("s3://simulated-bucket/in/first.jpg")},
                {
                    "text": one,
                    "image": by_address("s3://simulated-bucket/in/second.png", bucketOwner="123456789012"),
                },
                seed=2147483646,
            ),
        ),
        "ray": (RAY, ray()),
        "ray_with_options": (RAY, ray(duration="9s", aspect_ratio="9:21", resolution="720p")),
        "ray_a_loop": (RAY, ray(loop=True)),
        "ray_not_a_loop": (RAY, ray(loop=False)),
        "ray_first_frame": (RAY, ray(keyframes={"frame0": first})),
        "ray_last_frame": (RAY, ray(keyframes={"frame1": last})),
        "ray_both_frames": (RAY, ray(keyframes={"frame0": first, "frame1": last})),
    }
