"""The figures of a benchmark, and what they come to: medians, and ratios taken within each round."""

from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import NamedTuple, Self

from pydantic import BaseModel, ConfigDict

IN_PROCESS = "in-process"
"""The name under which stands what ONNX Runtime does without a server."""


class Spread(NamedTuple):
    """The median of a figure over the rounds, with its smallest and its largest."""

    middle: float
    smallest: float
    largest: float


def show_ratio(spread: Spread | None) -> str:
    """As a table has it."""
    if spread is None:
        return ""
    middle, smallest, largest = (f"{value:.3g}" for value in spread)
    return middle if smallest == largest else f"{middle} ({smallest} to {largest})"


class Results(BaseModel):
    """A whole benchmark, as it is kept in results.json."""

    model_config = ConfigDict(frozen=True)

    date: str
    machine: Mapping[str, str]
    seconds: int
    """Of load, for each figure."""
    titles: Mapping[str, str]
    """By the names of what was measured, in order."""
    versions: Mapping[str, str]
    absent: Mapping[str, str]
    """What could not be measured, and why."""
    rounds: tuple[Mapping[str, Mapping[str, float]], ...]
    """Round by round: who, and the figures by name."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote."""
        return cls.model_validate_json(path.read_bytes())

    def write(self, path: Path) -> None:
        """Write it all as JSON."""
        path.write_text(self.model_dump_json(indent=1) + "\n", encoding="utf-8")

    def figure(self, name: str, figure: str) -> Spread | None:
        """A figure of a server; None where it has none."""
        return _spread([round_[name][figure] for round_ in self.rounds if figure in round_.get(name, {})])

    def ratio(self, name: str, figure: str, peer: str, peers_figure: str) -> Spread | None:
        """A figure of one over that of another, of the same round; None where there is none."""
        return _spread(
            [
                round_[name][figure] / round_[peer][peers_figure]
                for round_ in self.rounds
                if figure in round_.get(name, {}) and round_.get(peer, {}).get(peers_figure)
            ]
        )

    def failures(self, name: str) -> int:
        """How many requests to a server failed."""
        return int(sum(round_.get(name, {}).get("failed", 0) for round_ in self.rounds))


def _spread(values: list[float]) -> Spread | None:
    return Spread(median(values), min(values), max(values)) if values else None
