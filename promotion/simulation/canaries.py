"""Simulated canaries: what both revisions got right, row by row, where the truth is known."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Canary:
    """A kind of canary. Shares."""

    name: str
    difference: float
    """accuracy(canary) - accuracy(stable), the truth."""
    disagreement: float
    """Rows that one revision alone has right; at least |difference|."""

    @property
    def lost(self) -> float:
        """Share of the rows that only stable has right."""
        return (self.disagreement - self.difference) / 2


@dataclass(frozen=True, slots=True)
class Histories:
    """Some runs, row by row: runs x rows, counts after each row."""

    b: NDArray[np.int32]
    """Rows that only stable had right."""
    c: NDArray[np.int32]
    """Rows that only the canary had right."""

    @property
    def rows(self) -> NDArray[np.int32]:
        """1, 2, ..., as many as there are rows."""
        return np.arange(1, self.b.shape[1] + 1, dtype=np.int32)


def draw_histories(canary: Canary, runs: int, rows: int, generator: np.random.Generator) -> Histories:
    """Independent runs of `rows` rows each."""
    draws = generator.random((runs, rows), dtype=np.float32)
    lost = draws < canary.lost
    gained = (draws < canary.disagreement) & ~lost
    return Histories(lost.cumsum(axis=1, dtype=np.int32), gained.cumsum(axis=1, dtype=np.int32))
