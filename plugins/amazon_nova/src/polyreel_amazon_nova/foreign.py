"""The calls of other packages that ask Bedrock for a film.

Sources: botocore 1.44.5, service model ``bedrock-runtime``, operation ``StartAsyncInvoke``, read 2026-11-24; the fields of
``modelInput`` as ``nova.py`` and ``luma.py`` beside this file have them.
"""

from __future__ import annotations

from typing import Final

from polyreel.types.foreign import ForeignCall, ForeignParameter

__all__ = ["CALLS"]

_TEXT: Final = "modelInput.textToVideoParams"
_MANUAL: Final = "modelInput.multiShotManualParams"
_CONFIG: Final = "modelInput.videoGenerationConfig"
_FRAMES: Final = "modelInput.keyframes"
_OUTPUT: Final = "outputDataConfig.s3OutputDataConfig"

CALLS: Final = (
    ForeignCall(
        packages=(
            "boto3",
            "botocore",
            "aioboto3",
            "aiobotocore",
            "mypy_boto3_bedrock_runtime",
            "types_boto3_bedrock_runtime",
            "types_aiobotocore_bedrock_runtime",
        ),
        calls=("start_async_invoke",),
        service="bedrock-runtime",
        model="modelId",
        prefixes=("arn:*foundation-model/",),
        parameters=(
            ForeignParameter(name="prompt", path=f"{_TEXT}.text"),
            ForeignParameter(name="prompt", path="modelInput.multiShotAutomatedParams.text"),
            ForeignParameter(name="prompt", path=f"{_MANUAL}.shots.0.text"),
            ForeignParameter(name="prompt", path="modelInput.prompt"),
            ForeignParameter(name="duration", path=f"{_CONFIG}.durationSeconds"),
            ForeignParameter(name="duration", path="modelInput.duration", reads="seconds"),
            ForeignParameter(name="size", path=f"{_CONFIG}.dimension"),
            ForeignParameter(name="aspect_ratio", path="modelInput.aspect_ratio"),
            ForeignParameter(name="resolution", path="modelInput.resolution"),
            ForeignParameter(name="fps", path=f"{_CONFIG}.fps"),
            ForeignParameter(name="seed", path=f"{_CONFIG}.seed"),
            ForeignParameter(name="input_image", path=f"{_TEXT}.images.0.source.bytes", reads="base64"),
            ForeignParameter(name="input_image", path=f"{_FRAMES}.frame0.source.data", reads="base64"),
            ForeignParameter(name="last_frame", path=f"{_FRAMES}.frame1.source.data", reads="base64"),
            ForeignParameter(name="amazon_task", path="modelInput.taskType"),
            ForeignParameter(name="amazon_loop", path="modelInput.loop"),
            ForeignParameter(name="amazon_output", path=f"{_OUTPUT}.s3Uri"),
            ForeignParameter(name="amazon_kms_key", path=f"{_OUTPUT}.kmsKeyId"),
            ForeignParameter(name="amazon_bucket_owner", path=f"{_OUTPUT}.bucketOwner"),
        ),
        addresses=("endpoint_url",),
        ignored=(
            "clientRequestToken",
            f"{_TEXT}.images.0.format",
            *(
                f"{_FRAMES}.{frame}.{part}"
                for frame in ("frame0", "frame1")
                for part in ("type", "source.type", "source.media_type")
            ),
        ),
        shared=True,
    ),
)
"""What ``polyreel migrate scan`` looks for."""
