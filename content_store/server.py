"""The life of a store's process: take the port, sweep what a crash left, answer, and end on SIGTERM.

The first SIGTERM or Ctrl-C closes the port; what is in flight is finished within `finish_seconds`. What is cut off then
leaves a draft that the next start sweeps away, and nothing else.
"""

import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from prometheus_client import CollectorRegistry

from content_store.http.app import create_app
from content_store.http.listener import listen
from content_store.limits import Limits
from content_store.listening_socket import open_listening_socket
from content_store.metrics import StoreMetrics
from content_store.store_directory import StoreDirectory


def run_store(directory: Path, *, host: str, port: int, limits: Limits, report: Callable[[str], None]) -> None:
    """Serve the store in `directory`, made where it is missing, until a signal ends it.

    `report` is told of the address and of what was stored. Raises CannotListen, DiskFull, DiskRefuses.
    """
    signal.signal(signal.SIGTERM, _interrupt)
    with suppress(KeyboardInterrupt), open_listening_socket(host, port) as listening:
        store = StoreDirectory.open(directory)
        app = create_app(store, StoreMetrics(store, CollectorRegistry()), limits, report)
        address, taken_port = listening.getsockname()[:2]
        shown = f"[{address}]" if ":" in address else address
        report(f"the store in {directory} listens on http://{shown}:{taken_port}; stop it with Ctrl-C")
        listen(app, listening, finish_seconds=limits.finish_seconds)
    report("the store has stopped")


def _interrupt(_signal: int, _frame: object) -> None:
    raise KeyboardInterrupt
