"""The life of a console's process: take the state directory and the port, find again what was there, answer, end.

The first SIGTERM or Ctrl-C closes the port; what is in flight is finished within `finish_seconds`. What was deployed
serves on, and jobs run on, however the console ends: the next one of the same state directory finds them again. With
`ends_all` they end with it, as they would in a container, but in order; the next one starts again what should serve.
"""

import logging
import signal
import socket
from collections.abc import Callable, Collection
from contextlib import ExitStack, suppress

from prometheus_client import CollectorRegistry

from access.doorkeeper import Doorkeeper
from access.tls import ServerCertificates
from console.http.app import create_app
from console.http.listener import listen
from console.http.uploads import UploadedFiles
from console.jobs import JobState
from console.jobs.ending import end_jobs
from console.listener import open_socket
from console.log import LOG
from console.metrics import ConsoleMetrics
from console.seed import Seed, plant
from console.settings import ConsoleSettings
from console.state_directory import StateDirectory
from console.wiring import Program, WiredConsole, create_certificates, create_doorkeeper, wire
from content_store.limits import Limits

_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})


def run_console(settings: ConsoleSettings, program: Program, seed: Seed, report: Callable[[str], None]) -> None:
    """Serve a console until a signal ends it; `report` is told of the address, and of what goes on without it.

    Raises ConsoleError, AccessError, and what `wire` and `plant` raise.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    state = StateDirectory(settings.state.absolute())
    with state.claim():
        doorkeeper, certificates = create_doorkeeper(settings), create_certificates(settings)
        opened = open_socket(
            settings.host, settings.port, has_keys=doorkeeper.is_asking, without_keys=settings.without_keys
        )
        with opened as listening, suppress(KeyboardInterrupt):
            wired = wire(state.path, settings, program, logging.getLogger(LOG))
            plant(seed, wired.services, report)
            address, port = listening.getsockname()[:2]
            shown = f"[{address}]" if ":" in address else address
            scheme = "https" if certificates else "http"
            wired.keeper.start()
            wired.book.start()
            try:
                report(f"the console of {settings.state} listens on {scheme}://{shown}:{port}; stop it with Ctrl-C")
                _listen(listening, wired, settings, state, doorkeeper, certificates, program, report)
            finally:
                wired.keeper.stop()
                wired.book.finish()
                if not settings.ends_all:
                    _tell_what_goes_on(wired, settings, report)
    if settings.ends_all:
        end_jobs(settings.state, report)


def _listen(
    listening: socket.socket,
    wired: WiredConsole,
    settings: ConsoleSettings,
    state: StateDirectory,
    doorkeeper: Doorkeeper,
    certificates: ServerCertificates | None,
    program: Program,
    report: Callable[[str], None],
) -> None:
    from console.page import add_page  # noqa: PLC0415  # NiceGUI is loaded where a console serves, not by --down

    largest = max(settings.upload_limit_bytes, settings.bundle_limit_bytes)
    names: Collection[str] = () if settings.without_keys or doorkeeper.is_asking else _LOOPBACK_NAMES
    app = create_app(
        wired.services,
        ConsoleMetrics(CollectorRegistry()),
        UploadedFiles(state.uploads, largest, settings.idle_seconds),
        Limits(content_bytes=settings.bundle_limit_bytes, idle_seconds=settings.idle_seconds),
        doorkeeper,
        version=program.version,
        hosts=names,
        has_inference=settings.has_inference,
        find_problem=lambda: "; ".join(filter(None, (wired.keeper.problem, wired.book.problem))),
        report=report,
        slow_seconds=settings.slow_seconds,
        trace_of_this=lambda: trace_of_this() if program.traces_url else None,
    )
    add_page(app, wired.services)
    with ExitStack() as stack:
        if program.traces_url:
            # Half a second to import, which only those need who trace.
            from console.http.traces import trace_of_this, traced  # noqa: PLC0415

            stack.enter_context(traced(app, program.traces_url, program.version))
        listen(app, listening, finish_seconds=settings.finish_seconds, certificates=certificates)


def _tell_what_goes_on(wired: WiredConsole, settings: ConsoleSettings, report: Callable[[str], None]) -> None:
    running = [job for job in wired.services.jobs.look() if job.state is JobState.RUNNING]
    if running:
        names = ", ".join(f"{job.order.kind} {job.order.subject}" for job in running)
        report(f"the console has stopped; what goes on without it: {names}")
        report(f"to end that, too: assay console --state {settings.state} --down")
    else:
        report("the console has stopped")


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
