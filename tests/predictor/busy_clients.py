"""Clients that ask a server again and again, over both transports, while something happens to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread

import httpx
import numpy as np

from tests.predictor.bundles import infer_body
from tests.predictor.grpc_calls import infer_message, inference_stub
from tests.predictor.server_process import DEADLINE_SECONDS, ServerProcess

ROW = [1.0, 0.0, 0.0, 0.0]
BODY = infer_body([ROW])


@dataclass(frozen=True)
class Answers:
    """What the clients got."""

    digests: set[str | None] = field(default_factory=set)
    """Of the bundles that have answered."""
    failures: list[str] = field(default_factory=list)
    done: Event = field(default_factory=Event)


@contextmanager
def busy_clients(served: ServerProcess) -> Iterator[Answers]:
    """Two clients with a connection each, one with a new connection for every request, and one over gRPC."""
    answers = Answers()
    clients = [Thread(target=ask, args=(served, answers)) for ask in (_ask, _ask, _ask_anew, _ask_over_grpc)]
    try:
        for one in clients:
            one.start()
        yield answers
    finally:
        answers.done.set()
        for one in clients:
            one.join(DEADLINE_SECONDS)


def _ask(served: ServerProcess, answers: Answers) -> None:
    with served.client() as client:
        while not answers.done.is_set():
            _note(client.post("/v2/models/contrary/infer", json=BODY), answers)


def _ask_anew(served: ServerProcess, answers: Answers) -> None:
    while not answers.done.is_set():
        with served.client() as client:
            _note(client.post("/classify?model=contrary", json=ROW), answers)


def _note(response: httpx.Response, answers: Answers) -> None:
    if response.status_code != 200:
        answers.failures.append(response.text)
    answers.digests.add(response.headers.get("x-assay-bundle-digest"))


def _ask_over_grpc(served: ServerProcess, answers: Answers) -> None:
    message = infer_message(np.array([ROW]), model="contrary")
    with inference_stub(served.grpc) as stub:
        while not answers.done.is_set():
            try:
                answers.digests.add(stub("ModelInfer", message).parameters["bundle_digest"].string_param)
            except Exception as error:  # whatever it is, it is a request that failed
                answers.failures.append(str(error))
