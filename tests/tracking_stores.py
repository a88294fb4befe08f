"""Stores of experiments for tests: SQLite files copied from one that was made once, and MLflow's own server."""

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from training.tracking.client import connect


def make_empty_database(path: Path) -> Path:
    """MLflow's tables, which take seconds to make."""
    connect(f"sqlite:///{path}")
    return path


def copy_of(database: Path, directory: Path) -> str:
    """The URL of a store of its own in `directory`."""
    shutil.copyfile(database, directory / "tracking.db")
    return f"sqlite:///{directory}/tracking.db"


@contextmanager
def served(database: Path, directory: Path) -> Iterator[str]:
    """The URL of MLflow's server, in front of a copy of `database`."""
    program = ("-m", "tests.serve_mlflow", str(directory))
    shutil.copyfile(database, directory / "served.db")
    with (directory / "server.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, *program], stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url, (directory / "server.log").read_text()
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            try:
                httpx.get(f"{url}/health", trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield url
    finally:
        process.kill()
        process.wait()
