"""`assay serve`, the way a user starts it, with both transports."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.predictor.server_process import DEADLINE_SECONDS, find_free_port, wait_for


@dataclass(frozen=True)
class Addresses:
    """Where it listens, as `host:port`."""

    http: str
    grpc: str


@contextmanager
def assay_serve(bundle: Path | None, log: Path, *options: str) -> Iterator[Addresses]:
    """Serve the bundle, if there is one, as revision v1, with whatever other options, until the `with` ends."""
    http_port, grpc_port = find_free_port(), find_free_port()
    ports = ["--http-port", str(http_port), "--grpc-port", str(grpc_port)]
    names = ["--bundle", str(bundle), "--revision", "v1"] if bundle else []
    command = [sys.executable, "-m", "assay", "serve", *names, *ports, "--drain-seconds", "0", *options]
    with log.open("wb") as written:
        process = subprocess.Popen(command, stdout=written, stderr=written)
    addresses = Addresses(f"127.0.0.1:{http_port}", f"127.0.0.1:{grpc_port}")

    def is_ready() -> bool:
        try:
            return httpx.get(f"http://{addresses.http}/v2/health/ready", trust_env=False).is_success
        except httpx.TransportError:
            return False

    try:
        wait_for(is_ready, lambda: process.poll() is None)
        yield addresses
    finally:
        process.terminate()
        process.wait(DEADLINE_SECONDS)
