"""The parent of several workers: it holds the ports, and no model.

Each worker has a listening socket of its own on the one port (SO_REUSEPORT), and the kernel spreads connections over
them. The sockets are the supervisor's: when a worker dies, what waits at its socket waits for the one that replaces it,
and is not lost. gRPC cannot listen on a socket that is given to it, so there each worker binds the port, which the
supervisor has reserved.
"""

import asyncio
import logging
import signal
import sys
import tempfile
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from socket import socket, socketpair

from predictor.errors import SettingsError, WorkerFailed
from predictor.listening_socket import open_shared_sockets, reserve_port
from predictor.log_lines import LOG, start_log
from predictor.settings import PredictorSettings
from predictor.workers.channel import Message
from predictor.workers.counts import Counts, Family, add_up
from predictor.workers.model_changes import ModelChanges
from predictor.workers.model_set import Change, read_models
from predictor.workers.supervised import Supervised

_TELL_SECONDS = 1.0  # how often counts are asked for, so that a worker that is killed takes no more with it
_PATIENCE_SECONDS = 1.0  # with a worker that does not answer: what it said last counts
_LONGEST_PAUSE_SECONDS = 5.0
_STEADY_SECONDS = 60.0  # a worker that lived so long is replaced without a pause


def supervise(settings: PredictorSettings, bundle_path: Path | None) -> int:
    """Serve the bundle at `bundle_path`, or the directory that is set, with `settings.workers` processes.

    The exit code, 0, when all is answered. Raises SettingsError, CannotListen, and WorkerFailed with the text
    that a single process would have ended with.
    """
    start_log(settings.log_level)
    with ExitStack() as held:
        listening = open_shared_sockets(settings.host, settings.http_port, settings.workers)
        for one in listening:
            held.enter_context(one)
        if settings.grpc_port is not None:
            reserved = held.enter_context(reserve_port(settings.host, settings.grpc_port, "--grpc-port"))
            settings = settings.model_copy(update={"grpc_port": reserved.getsockname()[1]})
        copies = held.enter_context(_directory_of_copies()) if settings.model_control else None
        begin = {"settings": settings.model_dump(mode="json"), "bundle": str(bundle_path) if bundle_path else None}
        asyncio.run(_Supervisor(begin, listening, copies).run())
    return 0


@contextmanager
def _directory_of_copies() -> Iterator[Path]:
    try:
        directory = tempfile.TemporaryDirectory(prefix="assay-models-", ignore_cleanup_errors=True)
    except OSError as error:
        raise SettingsError(
            f"ASSAY_MODEL_CONTROL=true with several workers needs a directory for copies of models: {error.strerror}; "
            "expected TMPDIR to name one that can be written to"
        ) from error
    with directory as path:
        yield Path(path)


class _Supervisor:
    def __init__(self, begin: Message, listening: list[socket], copies: Path | None) -> None:
        self._begin = begin
        self._listening = listening
        self._workers: set[Supervised] = set()
        self._models = ModelChanges(self._workers, copies, is_one_bundle=begin["bundle"] is not None)
        self._dead = Counts()
        self._restarts = 0
        self._has_served = False
        self._ending = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_beginning = False

    async def run(self) -> None:
        """Until all workers have ended. Raises WorkerFailed."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._pass_on_signal)
        asking = asyncio.create_task(self._ask_regularly())
        keeping = [asyncio.create_task(self._keep(one)) for one in self._listening]
        try:
            await asyncio.gather(*keeping)
        finally:
            for task in (asking, *keeping):
                task.cancel()
            for worker in self._workers:
                worker.kill()

    def _pass_on_signal(self) -> None:
        if not self._ending.is_set():
            self._ending.set()
            for one in self._listening:
                one.close()  # the workers have it, too, and close it when they have drained
        for worker in self._workers:
            worker.terminate()

    async def _keep(self, listening: socket) -> None:
        pause = 0.0
        while not self._ending.is_set():
            lived = await self._run_worker(listening)
            if self._ending.is_set():
                return
            pause = 0.0 if lived > _STEADY_SECONDS else pause
            try:
                await asyncio.wait_for(self._ending.wait(), pause)
            except TimeoutError:
                pause = min(2 * pause or 0.5, _LONGEST_PAUSE_SECONDS)
                self._restarts += 1

    async def _run_worker(self, listening: socket) -> float:
        """Start a worker and stay with it to its end; the seconds that it was ready. Raises WorkerFailed."""
        async with self._models.starting() as models:
            worker = await _start(listening)
            self._workers.add(worker)
            if self._ending.is_set():
                worker.terminate()
            worker.channel.send({**self._begin, **models, "is_first": not self._has_served})
        try:
            while message := await worker.channel.receive():
                self._hear(worker, message)
            code = await worker.end()
        finally:
            self._dead = add_up([self._dead, worker.counts.of_the_dead()])
        self._workers.discard(worker)
        self._models.see()
        if not self._ending.is_set():
            self._explain(worker, code)
        return worker.ready_seconds()

    def _hear(self, worker: Supervised, message: Message) -> None:
        if "ready" in message:
            worker.be_ready(read_models(message["ready"]["models"]))
            self._models.see()
            self._do(self._see_who_is_ready(message["ready"]))
        elif "counts" in message:
            worker.take(Counts.read(message["counts"]))
        elif "collect" in message:
            worker.counts = Counts.read(message["collect"])
            self._do(self._answer(worker))
        elif "proposed" in message:
            worker.reply(message["proposed"])
        elif "settled" in message:
            worker.reply(message)
        elif "change" in message:
            self._do(self._change(worker, message["change"]))
        elif "failed" in message:
            worker.failure = message["failed"]

    def _do(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _see_who_is_ready(self, said: Message) -> None:
        ready = [worker for worker in self._workers if worker.is_ready]
        if not self._is_beginning and len(ready) == len(self._listening):
            self._is_beginning = True
            await self._models.begin()
            self._has_served = True
            fields = {**said["fields"], "workers": len(ready)}
            logging.getLogger(LOG).info("listening on %s", said["addresses"], extra={"fields": fields})
        if self._has_served:
            for worker in [one for one in self._workers if one.is_ready]:
                worker.channel.send({"all_ready": True})

    async def _change(self, asker: Supervised, asked: Message) -> None:
        answer = await self._models.change(Change(**asked["change"]))
        asker.channel.send({"changed": {"number": asked["number"], **answer}})

    def _explain(self, worker: Supervised, code: int) -> None:
        why = worker.failure or f"a worker ended with {_describe(code)} before it was ready"
        others_serve = self._has_served and any(other.is_ready for other in self._workers)
        if not worker.is_ready and not others_serve:
            raise WorkerFailed(why)
        fields = {"pid": worker.pid, "reason": worker.failure or _describe(code)}
        logging.getLogger(LOG).error("a worker ended and is replaced", extra={"fields": fields})

    async def _answer(self, asker: Supervised) -> None:
        await self._ask(self._workers - {asker})
        total = ("assay_worker_restarts_total", dict[str, str](), float(self._restarts))
        restarts = Family("assay_worker_restarts", "counter", "Workers that were replaced", [total])
        living = [worker.counts for worker in self._workers]
        everything = add_up([self._dead, *living, Counts([restarts])])
        asker.channel.send({"total": everything.to_message()})

    async def _ask(self, workers: set[Supervised]) -> None:
        if told := [worker.ask() for worker in workers if worker.is_ready]:
            await asyncio.wait(told, timeout=_PATIENCE_SECONDS)

    async def _ask_regularly(self) -> None:
        while True:
            await asyncio.sleep(_TELL_SECONDS)
            await self._ask({worker for worker in self._workers if not worker.is_asked})


async def _start(listening: socket) -> Supervised:
    ours, theirs = socketpair()
    with theirs:
        files = [listening.fileno(), theirs.fileno()]
        command = [sys.executable, "-m", "predictor.workers.worker", *map(str, files)]
        # In a group of its own it does not hear the terminal's Ctrl-C, which the supervisor passes on.
        process = await asyncio.create_subprocess_exec(*command, pass_fds=files, process_group=0)
    return await Supervised.meet(process, ours)


def _describe(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
