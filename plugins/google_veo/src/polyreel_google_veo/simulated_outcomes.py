"""Words in a prompt that provoke an outcome, and what the services say then."""

from __future__ import annotations

from typing import Final

__all__ = ["BLOCKED", "FAILURES", "MARKERS", "STATUSES", "filter_reason", "good_samples", "marker_in"]

#: Each marker with what it provokes. Put one into a prompt.
MARKERS: Final = {
    "[filter]": "done, but every film is taken away by the safety filter; nothing is charged",
    "[filter:some]": "half of the films (rounded up) are taken away; a single film is taken away like by [filter]",
    "[filter:audio]": "taken away for its sound; the same prompt passes the next time, as the real filter errs at random",
    "[block]": "the prompt is refused: 400 at once on the developer API, an operation with error 3 on Vertex",
    "[block:image]": "the same for the input image",
    "[fail]": "ends with error 13 (internal)",
    "[fail:unavailable]": "ends with error 14 (unavailable)",
    "[fail:exhausted]": "ends with error 8 (resource exhausted)",
    "[empty]": "done without error and without films",
    "[endless]": "never ends",
    "[expire]": "the film's file on the developer API is gone in the moment in which it is done",
    "[429]": "the start is refused with 429 and RetryInfo",
    "[429:bare]": "the start is refused with 429 that does not say when to come again",
    "[status:incomplete]": "Interactions only: ends as incomplete",
    "[status:requires_action]": "Interactions only: ends as requires_action",
    "[status:requires_continuation]": "Interactions only: ends as requires_continuation",
    "[status:budget_exceeded]": "Interactions only: ends as budget_exceeded",
}

#: Errors of an operation by marker: the text of 13 is quoted in the sheet, section 3; the others are ours.
FAILURES: Final = {
    "[fail]": (
        13,
        "Video generation failed due to an internal server issue. Please try again in a few minutes.",
    ),
    "[fail:unavailable]": (14, "The service is currently unavailable."),
    "[fail:exhausted]": (8, "The model is overloaded. Please try again later."),
}

#: Refusals of a prompt or image: the second's beginning is quoted, the rest is ours.
BLOCKED: Final = {
    "[block]": "Veo could not generate videos because the prompt violates Google's usage guidelines. Try rephrasing "
    "the prompt. If you think this was an error, send feedback. Support codes: 64151117",
    "[block:image]": "Veo could not generate videos because the input image violates Google's usage guidelines. Try "
    "another image. If you think this was an error, send feedback. Support codes: 17301594",
}

#: How an interaction ends by marker.
STATUSES: Final = {
    marker: marker[len("[status:") : -1] for marker in MARKERS if marker.startswith("[status:")
}


def marker_in(prompt: str) -> str:
    """Return the first marker of :data:`MARKERS` that stands in the prompt, ``""`` when none does."""
    return next((marker for marker in MARKERS if marker in prompt), "")


def good_samples(marker: str, samples: int) -> int:
    """Return how many films remain.

    Args:
        marker: What provokes the outcome.
        samples: How many were asked for.
    """
    if marker == "[filter:some]":
        return samples // 2
    return 0 if marker in {"[filter]", "[filter:audio]", "[empty]"} else samples


def filter_reason(marker: str, count: int) -> str:
    """Return why films were taken away: beginning and end of the first are quoted, the second is ours.

    Args:
        marker: What provoked it.
        count: How many films.
    """
    if marker == "[filter:audio]":
        return (
            "We encountered an issue with the audio for your prompt, so the video could not be created. You have not "
            "been charged for this attempt. Please try again or adjust your prompt."
        )
    return (
        f"Veo could not generate {count} videos based on the prompt provided. You will not be charged for blocked "
        "videos. Try rephrasing the prompt. If you think this was an error, send feedback. Support codes: 42237218"
    )
