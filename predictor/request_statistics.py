"""How often a model was asked since the server was started, and where the time went: V2's extension for statistics.

The same requests as in the metrics, in the protocol's own form; both count what the data plane does.
"""

import threading
import time
from typing import NamedTuple

from open_inference.metadata import Duration, InferStatistics, ModelStatistics


class Spent(NamedTuple):
    """Where the nanoseconds of answered requests went."""

    queue: int
    compute_input: int
    compute_infer: int
    compute_output: int


class RequestStatistics:
    """The counts of one model. Can be used from several threads at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answered = self._failed = self._runs = self._rows = self._failed_ns = self._last_ms = 0
        self._spent = [0] * len(Spent._fields)

    def count_answer(self, rows: int, spent: Spent, *, requests: int = 1) -> None:
        """Requests for `rows` rows were answered, and took this time together."""
        with self._lock:
            self._answered += requests
            self._rows += rows
            self._last_ms = time.time_ns() // 1_000_000
            for index, nanoseconds in enumerate(spent):
                self._spent[index] += nanoseconds

    def count_run(self) -> None:
        """The engine ran, for one request or for several."""
        with self._lock:
            self._runs += 1

    def count_failure(self, nanoseconds: int) -> None:
        """A request was refused, or failed."""
        with self._lock:
            self._failed += 1
            self._failed_ns += nanoseconds

    def read(self, name: str, version: str) -> ModelStatistics:
        """What was counted, under the model's name and version."""
        with self._lock:
            count, spent = self._answered, Spent(*self._spent)
            return ModelStatistics(
                name=name,
                version=version,
                last_inference=self._last_ms,
                inference_count=self._rows,
                execution_count=self._runs,
                inference_stats=InferStatistics(
                    success=Duration(count=count, ns=sum(spent)),
                    fail=Duration(count=self._failed, ns=self._failed_ns),
                    queue=Duration(count=count, ns=spent.queue),
                    compute_input=Duration(count=count, ns=spent.compute_input),
                    compute_infer=Duration(count=count, ns=spent.compute_infer),
                    compute_output=Duration(count=count, ns=spent.compute_output),
                ),
            )
