"""The video models of Bedrock's asynchronous invocation: where they were, what they cost, when they ended."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

from polyreel_amazon_nova.simulated_errors import BedrockError, end_of_life, invalid, model_invalid

__all__ = ["MODELS", "Model", "model_of"]

_ARN: Final = re.compile(r"arn:aws:bedrock:([a-z0-9-]+)::foundation-model/(.+)")
# A model of another kind is told apart from an unknown one: boto3 issue 4382 shows the sentence for a text model.
_OTHER_KIND: Final = re.compile(
    r"(?:amazon\.(?:nova-(?:micro|lite|pro|premier|canvas|sonic)|titan)|anthropic|mistral|meta|cohere|ai21)[.-]?.*"
)


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model.

    Attributes:
        id: For example ``amazon.nova-reel-v1:1``.
        regions: Where it is offered, the first one being where a request without a region goes.
        prices: USD for a second of film by the shorter side's pixels.
        concurrent: How many jobs may be in progress in one region; ``None`` without a known limit.
        ended: The day of its end of life.
        status_file: The name of the status file that it writes; empty when it writes none.
    """

    id: str
    regions: tuple[str, ...]
    prices: dict[int, Decimal]
    concurrent: int | None = None
    ended: date | None = None
    status_file: str = ""

    def arn(self, region: str) -> str:
        """Return its ARN in a region."""
        return f"arn:aws:bedrock:{region}::foundation-model/{self.id}"


_REEL_ENDED: Final = date(2026, 9, 30)  # AWS's model card, "amazon-nova-reel"
_REEL_PRICE: Final = {720: Decimal("0.08")}  # as read on AWS's price page on 2026-07-10

# Regions: Nova user guide, "video-generation"; of Ray2 promptfoo pull 6889. Jobs at once: AWS general reference,
# "bedrock", July 2026. Prices of Ray2: code of a third party. That v1:0 writes no status file is what its first
# documentation said; that Ray2 writes none is an assumption.
_ALL: Final = (
    Model(
        id="amazon.nova-reel-v1:0",
        regions=("us-east-1", "eu-west-1", "ap-northeast-1"),
        prices=_REEL_PRICE,
        concurrent=10,
        ended=_REEL_ENDED,
    ),
    Model(
        id="amazon.nova-reel-v1:1",
        regions=("us-east-1",),
        prices=_REEL_PRICE,
        concurrent=3,
        ended=_REEL_ENDED,
        status_file="video-generation-status.json",
    ),
    Model(
        id="luma.ray-v2:0",
        regions=("us-west-2",),
        prices={540: Decimal("0.75"), 720: Decimal("1.50")},
    ),
)

#: The models by their ids.
MODELS: Final = {model.id: model for model in _ALL}


def model_of(model_id: str, region: str | None, as_of: date | None) -> Model:
    """Return a model.

    Args:
        model_id: Its id, or its ARN as a foundation model.
        region: Where it is asked for; ``None`` wherever it is.
        as_of: The day on which it is asked for; ``None`` for a day on which it was there.

    Raises:
        BedrockError: It is unknown, of another kind, not in this region, or has ended.
    """
    in_arn = _ARN.fullmatch(model_id)
    name = in_arn[2] if in_arn else model_id
    if _OTHER_KIND.fullmatch(name):
        raise _not_for_this()
    model = MODELS.get(name)
    if model is None or (region is not None and region not in model.regions):
        raise model_invalid()
    if in_arn and in_arn[1] not in (model.regions if region is None else (region,)):
        raise model_invalid()
    if as_of is not None and model.ended is not None and as_of >= model.ended:
        raise end_of_life()
    return model


def _not_for_this() -> BedrockError:
    return invalid("The provided request is not valid")
