"""Bundles that are judged although nobody serves them: each by a predictor of its own, for as long as that takes."""

import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from assay.output import say
from assay.processes import Processes

START_SECONDS = 120.0


@contextmanager
def served(places: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Where the revision of each role answers: at its URL, or, where the place is a directory, at one that is made.

    A predictor that is started here listens on a free port of 127.0.0.1 and has ended once the block is left. Raises
    ProcessFailed, with what the predictor said, for a directory that holds no bundle that can be served.
    """
    with TemporaryDirectory(prefix="assay-") as logs, Processes(Path(logs), say) as processes:
        yield {role: place if "://" in place else _serve(processes, role, place) for role, place in places.items()}


def _serve(processes: Processes, role: str, directory: str) -> str:
    url = f"http://127.0.0.1:{(port := _find_free_port())}"
    options = ["--bundle", directory, "--revision", role, "--http-port", str(port), "--drain-seconds", "0"]
    processes.serve(role, ["serve", *options], f"{url}/v2/health/ready", START_SECONDS)
    return url


def _find_free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
