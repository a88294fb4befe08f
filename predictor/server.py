"""The life of the serving process: listen, load, warm up, serve, drain, end.

The ports are taken first and answer from then on: live, but not ready, until what is to be loaded has answered its own
examples. The first SIGTERM or SIGINT makes it not ready, and it goes on answering for `drain_seconds`, in which
whoever sends requests here hears of it; then the listeners are closed and what is in flight is finished. A second
signal cuts the waiting short, a third gives up what is in flight.
"""

import asyncio
import gc
import logging
import signal
import socket
from asyncio import FIRST_COMPLETED
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

import uvloop

from predictor.listener import Listener
from predictor.listening_socket import open_listening_socket
from predictor.log_lines import LOG, start_log
from predictor.model_sources import OneBundle
from predictor.models_directory import ModelsDirectory
from predictor.repository import Repository
from predictor.scheduling import let_threads_finish
from predictor.serving import Serving
from predictor.settings import PredictorSettings
from predictor.wiring import (
    create_certificates,
    create_data_plane,
    create_doorkeeper,
    create_grpc_listener,
    create_http_listener,
    create_metrics,
    create_repository,
    create_source,
)
from predictor.workers.crew import Alone

_LAST_SECONDS = 2.0  # that recorded predictions and traces always have in the end


def serve_alone(settings: PredictorSettings, bundle_path: Path | None) -> int:
    """Serve the bundle at `bundle_path`, or else the directory of models that is set, until a signal ends the process.

    The exit code, 0, when all is answered. Raises SettingsError; BundleError when the bundle is missing or damaged, or
    the directory is; CannotListen; and ModelNotUsable when the bundle cannot be loaded or does not answer; all before
    the first request is taken for it. A model of a directory that cannot be served does not keep the others from it.
    Writes its log to standard error.
    """
    start_log(settings.log_level)
    let_threads_finish()
    uvloop.run(_run_alone(settings, create_source(settings, bundle_path)))
    return 0


async def _run_alone(settings: PredictorSettings, source: OneBundle | ModelsDirectory) -> None:
    signals = Signals()  # before the port: who sees it open can send one
    with open_listening_socket(settings.host, settings.http_port) as listening:
        await run(settings, source, listening, Alone(), signals)


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
    settings: PredictorSettings,
    source: OneBundle | ModelsDirectory,
    listening: socket.socket,
    crew: Alone,
    signals: Signals,
) -> None:
    """Serve as one of `crew` until a signal comes and all is answered.

    Raises SettingsError, KeysNotUsable, CertificateNotUsable, BundleError, CannotListen and ModelNotUsable.
    """
    doorkeeper, certificates = create_doorkeeper(settings), create_certificates(settings)
    metrics = create_metrics()
    repository = create_repository(source, settings, metrics, crew)
    plane = create_data_plane(repository, settings, metrics, crew.gather)
    crew.follow(plane.counts, repository, signals.count_two)
    starting = asyncio.create_task(_start(settings, source, repository, crew))  # not before this function waits
    if not crew.is_first:
        await asyncio.wait({starting})
    http = create_http_listener(
        source, settings, listening, plane=plane, doorkeeper=doorkeeper, certificates=certificates
    )
    grpc = create_grpc_listener(settings, plane=plane, doorkeeper=doorkeeper, certificates=certificates)
    listeners = {"url": http, "grpc": grpc} if grpc else {"url": http}
    answering = asyncio.create_task(_answer(listeners.values()))
    loading = asyncio.create_task(_join(starting, source, repository.serving, listeners, crew))
    try:
        await asyncio.wait({loading, answering, signals.first}, return_when=FIRST_COMPLETED)
        if loading.done():
            loading.result()
            await asyncio.wait({answering, signals.first}, return_when=FIRST_COMPLETED)
            repository.serving.drain()
            await asyncio.wait({answering, signals.second}, timeout=settings.drain_seconds, return_when=FIRST_COMPLETED)
    finally:
        finish_by = asyncio.get_running_loop().time() + settings.finish_seconds
        repository.close()
        for listener in listeners.values():
            listener.close()
        await asyncio.wait({answering, signals.third}, return_when=FIRST_COMPLETED)
        for listener in listeners.values():
            listener.abandon()
        await answering
        left = finish_by - asyncio.get_running_loop().time()
        await asyncio.to_thread(plane.watch.close, max(left, _LAST_SECONDS))


async def _answer(listeners: Iterable[Listener]) -> None:
    await asyncio.gather(*(listener.run() for listener in listeners))


async def _start(
    settings: PredictorSettings, source: OneBundle | ModelsDirectory, repository: Repository, crew: Alone
) -> None:
    repository.serving.hold()
    if crew.models is not None:
        await asyncio.wrap_future(repository.start_as(crew.models))
        return
    is_everything = isinstance(source, OneBundle) or settings.load_at_start == "all"
    failures = await asyncio.wrap_future(repository.start(is_everything=is_everything))
    if failures and isinstance(source, OneBundle):
        raise failures[0]
    for failure in failures:
        logging.getLogger(LOG).error("a model is not served: %s", failure)


async def _join(
    starting: Awaitable[None],
    source: OneBundle | ModelsDirectory,
    serving: Serving,
    listeners: Mapping[str, Listener],
    crew: Alone,
) -> None:
    await starting
    addresses = {name: listener.address for name, listener in listeners.items()}
    models = [asdict(model.identity) for model in serving.models.find_all()]
    fields = {**addresses, **(models[0] if models and isinstance(source, OneBundle) else {"models": models})}
    gc.freeze()  # what is there stays: to look through it again would make requests wait
    await crew.join(" and ".join(addresses.values()), fields)
    serving.release()
