"""Clients that ask at a constant rate, whatever happens, and check every answer against what they asked."""

import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Lock, Thread

import httpx
import numpy as np

from tests.predictor.bundles import infer_body
from tests.predictor.server_process import DEADLINE_SECONDS

CLIENTS = 4


@dataclass(frozen=True, slots=True)
class Told:
    """What a client got for a request."""

    rows: list[list[float]]
    indices: list[int]
    probabilities: list[float]
    revision: str
    moment: float


@dataclass
class Notes:
    """What the clients noted down. One lock is enough for some hundred requests a second."""

    asked: int = 0
    told: dict[str, Told] = field(default_factory=dict)
    unanswered: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By what was going on and what came instead of an answer."""
    mixed: list[str] = field(default_factory=list)
    during: str = "nothing"
    longest_gap_seconds: dict[str, float] = field(default_factory=dict)
    """Between two answers to any client, by what was going on."""
    seconds: list[float] = field(default_factory=list)
    _last: float = field(default_factory=time.monotonic)
    _lock: Lock = field(default_factory=Lock)

    @contextmanager
    def going_on(self, what: str) -> Iterator[None]:
        before, self.during = self.during, what
        try:
            yield
        finally:
            self.during = before

    def note_asked(self) -> None:
        with self._lock:
            self.asked += 1

    def note_unanswered(self, instead: str) -> None:
        with self._lock:
            self.unanswered[self.during, instead] += 1

    def note_told(self, request_id: str, told: Told, seconds: float) -> None:
        with self._lock:
            now = time.monotonic()
            gaps = self.longest_gap_seconds
            gaps[self.during] = max(gaps.get(self.during, 0.0), now - self._last)
            self._last = now
            self.told[request_id] = told
            self.seconds.append(seconds)
            if not is_own(told):
                self.mixed.append(request_id)


def is_own(told: Told) -> bool:
    """Whether the model, whose answer a client can compute, said this of these rows."""
    for row, index, probability in zip(told.rows, told.indices, told.probabilities, strict=True):
        expected = math.exp(row[index]) / sum(map(math.exp, row))
        if index != int(row[0]) or not math.isclose(probability, expected, rel_tol=1e-4):
            return False
    return True


@contextmanager
def asking(url: str, rate: float) -> Iterator[Notes]:
    """`rate` requests a second over four connections in all, through two doors, until the `with` ends."""
    notes, is_over = Notes(), Event()
    clients = [Thread(target=_ask_on, args=(url, number, CLIENTS / rate, notes, is_over)) for number in range(CLIENTS)]
    try:
        for one in clients:
            one.start()
        yield notes
    finally:
        is_over.set()
        for one in clients:
            one.join(DEADLINE_SECONDS)


def _ask_on(url: str, number: int, pause: float, notes: Notes, is_over: Event) -> None:
    random = np.random.default_rng(number)
    due, count = time.monotonic() + number * pause / CLIENTS, 0
    with httpx.Client(base_url=url, timeout=30, trust_env=False) as client:
        while not is_over.wait(max(due - time.monotonic(), 0)):
            due = max(due + pause, time.monotonic() - 1)  # what an outage kept is not all sent behind it
            rows = random.uniform(0, 3, (random.integers(1, 4), 4)).astype(np.float32)
            rows[:, 0] = random.integers(0, 4, len(rows))
            _ask(client, f"soak-{number}-{count}", rows.tolist(), notes, over_v2=count % 2 == 0)
            count += 1


def _ask(client: httpx.Client, request_id: str, rows: list[list[float]], notes: Notes, *, over_v2: bool) -> None:
    notes.note_asked()
    begun = time.monotonic()
    path, body = ("/v2/models/contrary/infer", infer_body(rows)) if over_v2 else ("/classify", {"rows": rows})
    try:
        answer = client.post(path, json=body, headers={"x-request-id": request_id})
    except httpx.TransportError as error:
        notes.note_unanswered(type(error).__name__)
        return
    if answer.status_code != 200:
        notes.note_unanswered(str(answer.status_code))
        return
    said = answer.json()
    if over_v2:
        indices, table = (output["data"] for output in said["outputs"])
        probabilities = [table[4 * row + index] for row, index in enumerate(indices)]
    else:
        indices = [row["index"] for row in said["predictions"]]
        probabilities = [row["probability"] for row in said["predictions"]]
    now = time.monotonic()
    told = Told(rows, indices, probabilities, answer.headers["x-assay-revision"], now)
    notes.note_told(answer.headers["x-request-id"], told, now - begun)
    if answer.headers["x-request-id"] != request_id:
        notes.mixed.append(request_id)
