"""The life of the serving process: listen, load, warm up, serve, drain, end.

The ports are taken first and answer from then on: live, but not ready, until what is to be loaded has answered its own
examples. The first SIGTERM or SIGINT makes it not ready, and it goes on answering for `drain_seconds`, in which
whoever sends requests here hears of it; then the listeners are closed and what is in flight is finished. A second
signal cuts the waiting short, a third gives up what is in flight.
"""

import asyncio
import logging
import signal
import socket
from asyncio import FIRST_COMPLETED
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

import uvloop

from predictor.listener import Listener
from predictor.listening_socket import open_listening_socket
from predictor.log_lines import LOG, start_log
from predictor.model_sources import OneBundle
from predictor.models_directory import ModelsDirectory
from predictor.repository import Repository
from predictor.settings import PredictorSettings
from predictor.wiring import (
    create_data_plane,
    create_grpc_listener,
    create_http_listener,
    create_metrics,
    create_repository,
    create_source,
)


def serve(settings: PredictorSettings, bundle_path: Path | None) -> int:
    """Serve the bundle at `bundle_path`, or else the directory of models that is set, until a signal ends the process.

    The exit code, 0, when all is answered. Raises SettingsError; BundleError when the bundle is missing or damaged, or
    the directory is; CannotListen; and ModelNotUsable when the bundle cannot be loaded or does not answer; all before
    the first request is taken for it. A model of a directory that cannot be served does not keep the others from it.
    Writes its log to standard error.
    """
    start_log()
    source = create_source(settings, bundle_path)
    with open_listening_socket(settings.host, settings.http_port) as listening:
        uvloop.run(_run(settings, source, listening))
    return 0


class _Signals:
    """Counts SIGTERM and SIGINT: the first, the second and the third that comes."""

    def __init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.first, self.second, self.third = self._all = [loop.create_future() for _ in range(3)]
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._count)

    def _count(self) -> None:
        for future in self._all:
            if not future.done():
                future.set_result(None)
                return


async def _run(settings: PredictorSettings, source: OneBundle | ModelsDirectory, listening: socket.socket) -> None:
    signals, metrics = _Signals(), create_metrics()
    repository = create_repository(source, settings, metrics)
    plane = create_data_plane(repository, settings, metrics)
    http = create_http_listener(source, settings, listening, plane=plane, metrics=metrics)
    grpc = create_grpc_listener(settings, plane=plane, metrics=metrics)
    listeners = {"url": http, "grpc": grpc} if grpc else {"url": http}
    answering = asyncio.create_task(_answer(listeners.values()))
    loading = asyncio.create_task(_load(settings, source, repository, listeners))
    try:
        await asyncio.wait({loading, answering, signals.first}, return_when=FIRST_COMPLETED)
        if loading.done():
            loading.result()
            await asyncio.wait({answering, signals.first}, return_when=FIRST_COMPLETED)
            repository.serving.drain()
            await asyncio.wait({answering, signals.second}, timeout=settings.drain_seconds, return_when=FIRST_COMPLETED)
    finally:
        repository.close()
        for listener in listeners.values():
            listener.close()
        await asyncio.wait({answering, signals.third}, return_when=FIRST_COMPLETED)
        for listener in listeners.values():
            listener.abandon()
        await answering


async def _answer(listeners: Iterable[Listener]) -> None:
    await asyncio.gather(*(listener.run() for listener in listeners))


async def _load(
    settings: PredictorSettings,
    source: OneBundle | ModelsDirectory,
    repository: Repository,
    listeners: Mapping[str, Listener],
) -> None:
    is_everything = isinstance(source, OneBundle) or settings.load_at_start == "all"
    failures = await asyncio.wrap_future(repository.start(is_everything=is_everything))
    if failures and isinstance(source, OneBundle):
        raise failures[0]
    for failure in failures:
        logging.getLogger(LOG).error("a model is not served: %s", failure)
    addresses = {name: listener.address for name, listener in listeners.items()}
    models = [asdict(model.identity) for model in repository.serving.models.find_all()]
    fields = {**addresses, **(models[0] if isinstance(source, OneBundle) else {"models": models})}
    logging.getLogger(LOG).info("listening on %s", " and ".join(addresses.values()), extra={"fields": fields})
