"""The models of Google's video services as their simulator plays them: where served, until when, what they can.

State of 2026-11-23; the sources are in the project's sheet on Google, sections 2.1 (lifecycle), 2.2 (capabilities),
2.4 and 8 (prices). Where sources disagree the choice stands beside the value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

__all__ = ["DEVELOPER", "MODELS", "OMNI_TOKENS", "SIZES", "VERTEX", "Abilities", "Model"]

DEVELOPER: Final = "developer"
VERTEX: Final = "vertex"

#: Pixels of a landscape film by its resolution.
SIZES: Final = {"360p": (640, 360), "720p": (1280, 720), "1080p": (1920, 1080), "4k": (3840, 2160)}

#: Video tokens for a second of Omni by resolution; 17.50 USD per million (sheet, section 8).
OMNI_TOKENS: Final = {"360p": 1931, "720p": 5792, "1080p": 8688, "4k": 17_376}
_OMNI_USD_PER_TOKEN: Final = Decimal("17.50") / 1_000_000

_BOTH_SOUNDS = (True, False)


@dataclass(frozen=True, kw_only=True)
class Abilities:
    """What a kind of model can.

    Attributes:
        family: ``veo-2``, ``veo-3``, ``veo-3.1`` or ``omni``.
        durations: Seconds, in the order in which the service lists them in its errors; of Omni the range.
        resolutions: By surface.
        modes: By surface: ``text``, ``image``, ``frames`` (first and last), ``references``, ``style``,
            ``extension``, ``mask``, ``camera``; of Omni its tasks.
        samples: The most films of one request, by surface.
        prices: USD for a second by resolution and sound.
        pictures: The most pictures in the input of Omni; ``None`` without a known limit.
    """

    family: str
    durations: tuple[int, ...]
    resolutions: Mapping[str, tuple[str, ...]]
    modes: Mapping[str, frozenset[str]]
    samples: Mapping[str, int]
    prices: Mapping[tuple[str, bool], Decimal]
    pictures: int | None = None

    @property
    def sounds(self) -> bool:
        """Whether its films have sound."""
        return self.family != "veo-2"


@dataclass(frozen=True, kw_only=True)
class Model:
    """A model id.

    Attributes:
        id: As it stands in a path.
        title: For people.
        abilities: What it can.
        until: The day of its retirement by surface; ``None`` for none that is known. A surface that is missing never
            served it.
    """

    id: str
    title: str
    abilities: Abilities
    until: Mapping[str, date | None]

    def served(self, surface: str, as_of: date | None) -> bool:
        """Tell whether ``surface`` serves it on a day; without a day, whether it ever did.

        Args:
            surface: :data:`DEVELOPER` or :data:`VERTEX`.
            as_of: The day.
        """
        if surface not in self.until:
            return False
        retired = self.until[surface]
        return as_of is None or retired is None or as_of < retired

    def price(self, resolution: str, *, audio: bool) -> Decimal:
        """Return USD for a second."""
        return self.abilities.prices[resolution, audio]


def _prices(*lines: tuple[str, str | None, str | None]) -> dict[tuple[str, bool], Decimal]:
    return {
        (resolution, audio): Decimal(price)
        for resolution, *both in lines
        for audio, price in zip(_BOTH_SOUNDS, both, strict=True)
        if price is not None
    }


_TEXT_AND_IMAGE = frozenset({"text", "image"})
_ALL_3_1 = _TEXT_AND_IMAGE | {"frames", "references", "extension"}
_SAMPLES_3 = {DEVELOPER: 1, VERTEX: 4}
_UP_TO_1080 = ("720p", "1080p")
_UP_TO_4K = (*_UP_TO_1080, "4k")

# The card of the fast model lists 720p and 1080p, the price list also has 4k: what is sold is played.
_VEO_3_1, _VEO_3_1_FAST = (
    Abilities(
        family="veo-3.1",
        durations=(8, 4, 6),
        resolutions={DEVELOPER: _UP_TO_4K, VERTEX: _UP_TO_4K},
        modes={DEVELOPER: _ALL_3_1, VERTEX: _ALL_3_1},
        samples=_SAMPLES_3,
        prices=prices,
    )
    for prices in (
        _prices(("720p", "0.40", "0.20"), ("1080p", "0.40", "0.20"), ("4k", "0.60", "0.40")),
        _prices(("720p", "0.10", "0.08"), ("1080p", "0.12", "0.10"), ("4k", "0.30", "0.25")),
    )
)
_VEO_3_1_LITE = Abilities(
    family="veo-3.1",
    durations=(8, 4, 6),
    resolutions={DEVELOPER: _UP_TO_1080, VERTEX: _UP_TO_1080},
    modes={
        DEVELOPER: _TEXT_AND_IMAGE | {"frames"},
        VERTEX: _TEXT_AND_IMAGE | {"frames", "extension"},
    },
    samples=_SAMPLES_3,
    prices=_prices(("720p", "0.05", "0.03"), ("1080p", "0.08", "0.05")),
)
# Lengths by the table of parameters; the table of features has 8 only.
_VEO_3, _VEO_3_FAST = (
    Abilities(
        family="veo-3",
        durations=(8, 4, 6),
        resolutions={DEVELOPER: _UP_TO_1080, VERTEX: _UP_TO_1080},
        modes={DEVELOPER: _TEXT_AND_IMAGE, VERTEX: _TEXT_AND_IMAGE},
        samples=_SAMPLES_3,
        prices=prices,
    )
    for prices in (
        _prices(("720p", "0.40", "0.20"), ("1080p", "0.40", "0.20")),
        _prices(("720p", "0.10", "0.08"), ("1080p", "0.12", "0.10")),
    )
)
# No resolution can be asked for. Lengths by the service's own error; the developer's table lacks 7.
_VEO_2, _VEO_2_EXP = (
    Abilities(
        family="veo-2",
        durations=(8, 5, 6, 7),
        resolutions={DEVELOPER: (), VERTEX: ()},
        modes={
            DEVELOPER: _TEXT_AND_IMAGE | {"frames"},
            VERTEX: _TEXT_AND_IMAGE | {"frames", "extension", "camera"} | more,
        },
        samples={DEVELOPER: 2, VERTEX: 4},
        # For a film that was brought along, a larger one than the model makes costs the same.
        prices=_prices(*((resolution, None, "0.50") for resolution in _UP_TO_4K)),
    )
    for more in (frozenset[str](), frozenset({"references", "style", "mask"}))
)
# No price of Omni 1.2 was published by Google: that it costs as much as 1.1 is an assumption.
# The preview: its card on Vertex, read on 2026-11-24; that it is the same on the developer API is an assumption.
_FIRST_TASKS = frozenset({"text_to_video", "image_to_video", "reference_to_video", "edit"})
_OMNI_PREVIEW, _OMNI, _OMNI_1_2 = (
    Abilities(
        family="omni",
        durations=durations,
        resolutions={DEVELOPER: resolutions, VERTEX: resolutions},
        modes={DEVELOPER: tasks, VERTEX: tasks},
        pictures=pictures,
        samples={},
        prices={(name, True): tokens * _OMNI_USD_PER_TOKEN for name, tokens in OMNI_TOKENS.items()},
    )
    for durations, resolutions, tasks, pictures in (
        ((3, 10), ("720p",), _FIRST_TASKS, 10),
        ((3, 10), tuple(OMNI_TOKENS), _FIRST_TASKS | {"extend", "upscale"}, None),
        ((3, 15), tuple(OMNI_TOKENS), _FIRST_TASKS | {"extend", "upscale"}, None),
    )
)

_JUNE, _APRIL, _OCTOBER = date(2026, 6, 30), date(2026, 4, 2), date(2026, 10, 22)
_NOVEMBER = date(2025, 11, 30)  # the sheet knows the month only


def _models() -> Iterator[Model]:
    dead = {DEVELOPER: _JUNE, VERTEX: _JUNE}
    previews = {DEVELOPER: _NOVEMBER, VERTEX: _APRIL}
    yield Model(id="veo-2.0-generate-001", title="Veo 2", abilities=_VEO_2, until=dead)
    yield Model(
        id="veo-2.0-generate-preview", title="Veo 2 preview", abilities=_VEO_2, until={VERTEX: _APRIL}
    )
    # Absent from the tables of today; that it went with the previews is an assumption.
    yield Model(
        id="veo-2.0-generate-exp", title="Veo 2 experimental", abilities=_VEO_2_EXP, until={VERTEX: _APRIL}
    )
    for infix, title, abilities in (("", "Veo 3", _VEO_3), ("fast-", "Veo 3 fast", _VEO_3_FAST)):
        yield Model(id=f"veo-3.0-{infix}generate-001", title=title, abilities=abilities, until=dead)
        preview = f"veo-3.0-{infix}generate-preview"
        yield Model(id=preview, title=f"{title} preview", abilities=abilities, until=previews)
    for infix, title, abilities in (("", "Veo 3.1", _VEO_3_1), ("fast-", "Veo 3.1 fast", _VEO_3_1_FAST)):
        until = {DEVELOPER: _OCTOBER, VERTEX: _APRIL}
        preview = f"veo-3.1-{infix}generate-preview"
        yield Model(id=preview, title=f"{title} preview", abilities=abilities, until=until)
        # "2026-11-17 or later", and no switch-off was seen: still served.
        yield Model(id=f"veo-3.1-{infix}generate-001", title=title, abilities=abilities, until={VERTEX: None})
    yield Model(
        id="veo-3.1-lite-generate-preview",
        title="Veo 3.1 lite",
        abilities=_VEO_3_1_LITE,
        until={DEVELOPER: _OCTOBER},
    )
    yield Model(
        id="veo-3.1-lite-generate-001", title="Veo 3.1 lite", abilities=_VEO_3_1_LITE, until={VERTEX: None}
    )
    # Gone from the developer API on 2026-09-30 or 2026-10-22: sources disagree, the later day is played.
    yield Model(
        id="gemini-omni-flash-preview",
        title="Gemini Omni Flash preview",
        abilities=_OMNI_PREVIEW,
        until={DEVELOPER: _OCTOBER, VERTEX: date(2027, 6, 30)},
    )
    both = {DEVELOPER: None, VERTEX: None}
    yield Model(id="gemini-omni-1.1-flash", title="Gemini Omni 1.1 Flash", abilities=_OMNI, until=both)
    yield Model(
        id="gemini-omni-1.1-flash-preview",
        title="Gemini Omni 1.1 Flash preview",
        abilities=_OMNI,
        until={VERTEX: None},
    )
    yield Model(id="gemini-omni-1.2-flash", title="Gemini Omni 1.2 Flash", abilities=_OMNI_1_2, until=both)


#: Every id that either surface ever served.
MODELS: Final = {model.id: model for model in _models()}
