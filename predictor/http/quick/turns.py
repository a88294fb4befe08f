"""What came in one turn of the event loop is answered in the next: rows for one model in as few runs as possible.

A lone request waits for nobody; what comes while a run is on waits in the kernel, and is in the next turn. A turn that
has more to do than a few milliseconds goes on in another one, so that whatever else the loop serves has its time.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from open_inference import InferRequest, ProtocolError
from predictor.data_plane import DataPlane
from predictor.error_table import GONE_AWAY
from predictor.errors import PredictorError
from predictor.http.quick.answers import NoForm, RunTexts
from predictor.http.quick.bodies import Read
from predictor.http.quick.requests import QuickRequest
from predictor.log_lines import LOG
from predictor.recording.recorded_run import RecordedRun
from predictor.request_statistics import Spent
from predictor.served_model import Inference, ServedModel

_TURN_SECONDS = 0.005
WriteAnswer = Callable[[QuickRequest, bytes, int], bytes]
"""All bytes of the answer to a request, from its body, of which so many bytes are JSON."""


class Turns:
    """Answers what `add` is given, on the loop that runs then, `most_rows` in a run. For one thread."""

    def __init__(self, plane: DataPlane, write: WriteAnswer, *, most_rows: int) -> None:
        self._plane = plane
        self._watch = plane.watch
        self._write = write
        self._most_rows = most_rows
        self._arrived: deque[QuickRequest] = deque()

    def add(self, request: QuickRequest, loop: asyncio.AbstractEventLoop) -> None:
        """A request that is whole; its answer is for the next turn."""
        if not self._arrived:
            loop.call_soon(self._turn, loop)
        self._arrived.append(request)

    def _turn(self, loop: asyncio.AbstractEventLoop) -> None:
        ends = time.perf_counter() + _TURN_SECONDS
        runs: list[RecordedRun] = []
        try:
            while self._arrived and (begun := time.perf_counter()) < ends:
                model = self._arrived[0].head.door.model
                if requests := self._take(model):
                    self._run(model, requests, begun, runs)
        finally:
            self._watch.end_runs(runs)
            if self._arrived:
                loop.call_soon(self._turn, loop)

    def _take(self, model: ServedModel) -> list[QuickRequest]:
        """The first requests for `model`, read, as many as go into one run."""
        taken: list[QuickRequest] = []
        others: list[QuickRequest] = []
        rows = 0
        while self._arrived and rows < self._most_rows:
            request = self._arrived.popleft()
            if request.is_withdrawn:
                continue
            if request.head.door.model is not model:
                others.append(request)
            elif request.connection.is_gone():
                self._watch.end(
                    request.trail, route=request.head.door.route, identity=model.identity, code=GONE_AWAY.http
                )
            elif (read := _read(request)) is None:
                request.connection.decline()
            elif rows and rows + read.form.rows > self._most_rows:
                others.append(request)  # and read again: rare, for most requests have few rows
                break
            else:
                request.read = read
                request.first_row = rows
                request.last_row = rows = rows + read.form.rows
                taken.append(request)
        self._arrived.extendleft(reversed(others))
        return taken

    def _run(self, model: ServedModel, requests: Sequence[QuickRequest], begun: float, runs: list[RecordedRun]) -> None:
        """Answer the requests; what is to be recorded of that is one more of `runs`."""
        try:
            rows = _gather(requests)
            model.check(asked := model.request_for(rows))
            read = time.perf_counter()
            inference = model.name_answer(asked, model.run_at_once(asked))
            ran = time.perf_counter()
            run = RunTexts(inference)
            answers = [
                one.read.form.answer.write(run, one.first_row, one.last_row, one.read.own_id, one.trail.request_id)
                for one in requests
            ]
        except Exception as error:
            _log_unknown(error)
            for request in requests:  # each one gets the answer that is its own
                request.connection.decline()
            return
        spent = _spent(requests, begun, read, ran, time.perf_counter())
        self._plane.count_run(model, inference, spent, requests=len(requests), rows=len(rows), seconds=ran - read)
        if self._watch.is_recording:
            runs.append(_recorded(model, asked, inference, requests))
        self._answer(requests, answers)

    def _answer(self, requests: Sequence[QuickRequest], answers: Sequence[tuple[bytes, int]]) -> None:
        for request, (content, json_size) in zip(requests, answers, strict=True):
            request.connection.answer(self._write(request, content, json_size))


def _read(request: QuickRequest) -> Read | None:
    try:
        return request.head.bodies.read(request.content(), request.body_at)
    except Exception as error:
        _log_unknown(error)
        return None


def _log_unknown(error: Exception) -> None:
    """No request is lost by an error, for it goes the ordinary way then; one that nobody knows is to be heard of."""
    if not isinstance(error, PredictorError | ProtocolError | NoForm):
        logging.getLogger(LOG).error("an answer on the event loop failed", exc_info=error)


def _gather(requests: Sequence[QuickRequest]) -> NDArray[Any]:
    """All rows, in the model's dtype and shape; a number that is out of the dtype's range becomes infinite."""
    (tensor,) = requests[0].read.form.request.inputs
    kinds = {request.head.bodies.is_binary for request in requests}
    if len(kinds) == 1:
        flat = _to_array([request.read.numbers for request in requests], tensor.data.dtype, is_binary=kinds.pop())
    else:
        parts = [
            _to_array([request.read.numbers], tensor.data.dtype, is_binary=request.head.bodies.is_binary)
            for request in requests
        ]
        flat = np.concatenate(parts)
    return flat.reshape(-1, *tensor.shape[1:])


def _to_array(buffers: Sequence[Any], dtype: np.dtype[Any], *, is_binary: bool) -> NDArray[Any]:
    content = buffers[0] if len(buffers) == 1 else b"".join(buffers)
    if is_binary:
        return np.frombuffer(content, dtype.newbyteorder("<")).astype(dtype, copy=False)
    with np.errstate(over="ignore"):
        return np.frombuffer(content).astype(dtype)


def _spent(requests: Sequence[QuickRequest], begun: float, read: float, ran: float, written: float) -> Spent:
    """Nanoseconds of all requests together: each waits for the whole run."""
    waited = sum(begun - request.trail.started for request in requests)
    seconds = waited, read - begun, (ran - read) * len(requests), written - ran
    return Spent(*(int(part * 1e9) for part in seconds))


def _recorded(
    model: ServedModel, asked: InferRequest, inference: Inference, requests: Sequence[QuickRequest]
) -> RecordedRun:
    """The run, for those who keep it, and on each request's trail which part of it is whose."""
    (tensor,) = asked.inputs
    run = RecordedRun("rest", model.manifest.classes, tensor, inference)
    for request in requests:
        read, trail = request.read, request.trail
        own_id = read.own_id.decode(errors="replace") if read.own_id else ""
        rows, outputs = (request.first_row, request.last_row), read.form.answer.outputs
        trail.part = run, (trail.request_id, own_id, trail.client, request.head.door.route, *rows, outputs)
    return run
