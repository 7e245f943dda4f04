"""What an SDK told of its tour of a simulator: each test looks at one stop of it."""

from dataclasses import dataclass, field


@dataclass
class Tour:
    """A tour that one driver made, stop by stop.

    Attributes:
        sdk: The oracle that made it.
        stops: By name ``{"value": …}``, or ``{"trace": …}`` for a stop that failed.
        seen: The requests that the simulator got, in order.
        charges: What it would have billed.
    """

    sdk: object
    stops: dict = field(repr=False)
    seen: list = field(repr=False)
    charges: tuple = field(repr=False)

    def __getitem__(self, stop):
        told = self.stops[stop]
        assert "value" in told, f"{self.sdk.environment.name} failed at {stop!r}:\n{told.get('trace')}"
        return told["value"]
