"""What a process counted, in a form that can be told to another process and added up.

Counters and histograms of all processes add up, those of the dead included, so that no sum ever goes down. Gauges are
of those that live; they add up, too, but for the `..._info` ones, which say the same thing everywhere, and for
`..._lag_seconds`, of which the longest counts.
"""

from collections.abc import Callable, Iterable
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from typing import Any

_STATISTICS_KEY = ("name", "version")
_LATEST = "last_inference"


@dataclass(frozen=True, slots=True)
class Family:
    """A metric of Prometheus with its samples: name, labels, value."""

    name: str
    kind: str
    help: str
    samples: list[tuple[str, dict[str, str], float]]


@dataclass(frozen=True, slots=True)
class Counts:
    """The metrics of a process, and V2's statistics of its models as their JSON has them."""

    families: list[Family] = field(default_factory=list)
    statistics: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, message: dict[str, Any]) -> "Counts":
        """What `asdict` made of it."""
        return cls([Family(**family) for family in message["families"]], message["statistics"])

    def to_message(self) -> dict[str, Any]:
        """For a channel."""
        return asdict(self)

    def of_the_dead(self) -> "Counts":
        """What remains of a process that has died: all but its gauges."""
        return Counts([family for family in self.families if family.kind != "gauge"], self.statistics)


Gather = Callable[[Counts], "Future[Counts]"]
"""Asks what all workers of a server counted, given what the one that asks did. Can be called from any thread."""


def add_up(counts: Iterable[Counts]) -> Counts:
    """The counts of all, in the order in which they first occur."""
    families: dict[str, Family] = {}
    values: dict[str, dict[tuple[str, tuple[tuple[str, str], ...]], float]] = {}
    statistics: dict[tuple[str, ...], dict[str, Any]] = {}
    for one in counts:
        for family in one.families:
            families.setdefault(family.name, family)
            samples = values.setdefault(family.name, {})
            for name, labels, value in family.samples:
                key = (name, tuple(labels.items()))
                samples[key] = _combine(name, samples[key], value) if key in samples else value
        for model in one.statistics:
            owner = tuple(model[part] for part in _STATISTICS_KEY)
            statistics[owner] = _sum(statistics[owner], model) if owner in statistics else model
    summed = [
        Family(name, family.kind, family.help, [(sample, dict(labels), v) for (sample, labels), v in added.items()])
        for (name, family), added in zip(families.items(), values.values(), strict=True)
    ]
    return Counts(summed, list(statistics.values()))


def _combine(name: str, one: float, other: float) -> float:
    if name.endswith("_created"):
        return min(one, other)
    return max(one, other) if name.endswith(("_info", "_lag_seconds")) else one + other


def _sum(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    summed = dict(one)
    for name, value in other.items():
        if name == _LATEST:
            summed[name] = max(one[name], value)
        elif isinstance(value, dict):
            summed[name] = _sum(one[name], value)
        elif isinstance(value, int):
            summed[name] = one[name] + value
    return summed
