"""The life of the serving process: listen, load, warm up, serve, drain, end.

The ports are taken first and answer from then on: live, but not ready, until the model is loaded and has answered its
own examples. The first SIGTERM or SIGINT makes it not ready, and it goes on answering for `drain_seconds`, in which
whoever sends requests here hears of it; then the listeners are closed and what is in flight is finished. A second
signal cuts the waiting short, a third gives up what is in flight.
"""

import asyncio
import logging
import signal
import socket
from asyncio import FIRST_COMPLETED
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

import uvloop

from bundle import Bundle, read_bundle
from predictor.examples import Example, warm_up
from predictor.listener import Listener
from predictor.listening_socket import open_listening_socket
from predictor.log_lines import LOG, start_log
from predictor.metrics import PredictorMetrics
from predictor.served_model import ServedModel
from predictor.serving import Serving
from predictor.settings import PredictorSettings
from predictor.wiring import create_data_plane, create_grpc_listener, create_http_listener, create_metrics, load_model
from predictor.workers.crew import Alone


def serve_alone(settings: PredictorSettings, bundle_path: Path) -> int:
    """Serve the bundle at `bundle_path` until a signal ends this process; the exit code, 0, when all is answered.

    Raises BundleError when the bundle is missing or damaged, CannotListen, and ModelNotUsable when it cannot be loaded
    or does not answer; all before the first request is taken for it. Writes its log to standard error.
    """
    start_log()
    uvloop.run(_run_alone(settings, read_bundle(bundle_path)))
    return 0


async def _run_alone(settings: PredictorSettings, bundle: Bundle) -> None:
    signals = Signals()  # before the port: who sees it open can send one
    with open_listening_socket(settings.host, settings.http_port) as listening:
        await run(settings, bundle, listening, Alone(), signals)


class Signals:
    """Counts SIGTERM and SIGINT: the first, the second and the third that comes."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.first, self.second, self.third = self._all = [loop.create_future() for _ in range(3)]
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.count)

    def count(self) -> None:
        """One more has come."""
        for future in self._all:
            if not future.done():
                future.set_result(None)
                return

    def count_two(self) -> None:
        """Nobody waits for a drain: finish what is in flight."""
        self.count()
        self.count()


async def run(
    settings: PredictorSettings, bundle: Bundle, listening: socket.socket, crew: Alone, signals: Signals
) -> None:
    """Serve as one of `crew` until a signal comes and all is answered. Raises CannotListen and ModelNotUsable."""
    serving, metrics = Serving(), create_metrics()
    plane = create_data_plane(serving, settings, metrics, crew.gather)
    crew.follow(plane.counts, signals.count_two)
    preparing = asyncio.create_task(asyncio.to_thread(_prepare, bundle, settings))
    if not crew.is_first:
        await asyncio.wait({preparing})
    http = create_http_listener(bundle, settings, listening, plane=plane, metrics=metrics)
    grpc = create_grpc_listener(settings, plane=plane, metrics=metrics)
    listeners = {"url": http, "grpc": grpc} if grpc else {"url": http}
    answering = asyncio.create_task(_answer(listeners.values()))
    loading = asyncio.create_task(_start(preparing, listeners, crew, serving=serving, metrics=metrics))
    try:
        await asyncio.wait({loading, answering, signals.first}, return_when=FIRST_COMPLETED)
        if loading.done():
            loading.result()
            await asyncio.wait({answering, signals.first}, return_when=FIRST_COMPLETED)
            serving.drain()
            await asyncio.wait({answering, signals.second}, timeout=settings.drain_seconds, return_when=FIRST_COMPLETED)
    finally:
        for listener in listeners.values():
            listener.close()
        await asyncio.wait({answering, signals.third}, return_when=FIRST_COMPLETED)
        for listener in listeners.values():
            listener.abandon()
        await answering


async def _answer(listeners: Iterable[Listener]) -> None:
    await asyncio.gather(*(listener.run() for listener in listeners))


def _prepare(bundle: Bundle, settings: PredictorSettings) -> tuple[ServedModel, tuple[Example, ...]]:
    model = load_model(bundle, settings)
    return model, warm_up(model)


async def _start(
    preparing: Awaitable[tuple[ServedModel, tuple[Example, ...]]],
    listeners: Mapping[str, Listener],
    crew: Alone,
    *,
    serving: Serving,
    metrics: PredictorMetrics,
) -> None:
    model, examples = await preparing
    if not model.can_batch:
        logging.getLogger(LOG).warning("each request has a run of its own: the answer to a row depends on the others")
    metrics.name_model(model.identity)
    serving.hold()
    serving.start(model, examples)
    addresses = {name: listener.address for name, listener in listeners.items()}
    await crew.join(" and ".join(addresses.values()), {**addresses, **asdict(model.identity)})
    serving.release()
