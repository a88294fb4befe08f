"""What was learned of a key, for keys that come again: nothing is learned of one that comes once.

Bounded, because callers make the keys: where there are too many, all are forgotten.
"""

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")

_MOST = 256


class Known(Generic[K, V]):
    """`learn` makes the value of a key when that is asked for the second time; None until then. For one thread."""

    def __init__(self, learn: Callable[[K], V | None]) -> None:
        self._learn = learn
        self._learned: dict[K, V | None] = {}
        self._met: set[int] = set()

    def get(self, key: K) -> V | None:
        """What is known of `key`."""
        try:
            return self._learned[key]
        except KeyError:
            return self._meet(key)

    def clear(self) -> None:
        """Forget everything."""
        self._learned.clear()
        self._met.clear()

    def _meet(self, key: K) -> V | None:
        met = hash(key)
        if met not in self._met:
            if len(self._met) >= _MOST:
                self._met.clear()
            self._met.add(met)
            return None
        if len(self._learned) >= _MOST:
            self._learned.clear()
        learned = self._learned[key] = self._learn(key)
        return learned
