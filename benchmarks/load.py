"""Load from the other core: wrk for HTTP, h2load for gRPC, both from Debian's packages and far faster than any peer."""

import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from benchmarks.errors import LoadFailed
from benchmarks.payloads import Payload
from benchmarks.peers import G1
from benchmarks.process import Server

_SCRIPT = Path(__file__).parent / "load.lua"
_GRPC_CONNECTIONS = 4  # which the calls share, as those of gRPC's clients do
_H2_DONE = re.compile(r"requests: \d+ total, \d+ started, (\d+) done, (\d+) succeeded")
_H2_RATE = re.compile(r"finished in [\d.]+m?s, ([\d.]+) req/s")
PACKAGES = {"wrk": "wrk", "h2load": "nghttp2-client", "taskset": "util-linux"}


@dataclass(frozen=True, slots=True)
class Load:
    """What came of some seconds of load."""

    rate: float
    """Answers a second."""
    answers: int
    failed: int
    p99_ms: float | None = None
    """Where the generator measures it."""


def check_tools() -> None:
    """Raises LoadFailed when a program is missing."""
    for program, package in PACKAGES.items():
        if shutil.which(program) is None:
            raise LoadFailed(f"{program} is missing; apt-get install {package}")


def put_load(server: Server, payload: Payload, body: Path, *, seconds: int, core: int) -> Load:
    """Send `payload`, whose body is in the file `body`, as fast as it is answered. Raises LoadFailed."""
    headers = [part for name, value in payload.headers.items() for part in ("-H", f"{name}: {value}")]
    measure = _run_h2load if payload.scenario == G1 else _run_wrk
    return measure(server, payload, body, ["taskset", "--cpu-list", str(core)], headers, seconds)


def _run_wrk(server: Server, payload: Payload, body: Path, pinned: list[str], headers: list[str], seconds: int) -> Load:
    url = f"http://127.0.0.1:{server.ports.http}{server.peer.path}"
    options = ["-t1", f"-c{payload.connections}", f"-d{seconds}s", "--latency", "-s", str(_SCRIPT), *headers]
    text = _run([*pinned, "wrk", *options, url, "--", str(body)], seconds)
    said = json.loads(text.splitlines()[-1])
    return Load(said["requests"] / said["seconds"], said["requests"], said["failed"], said["p99_ms"])


def _run_h2load(
    server: Server, payload: Payload, body: Path, pinned: list[str], headers: list[str], seconds: int
) -> Load:
    url = f"http://127.0.0.1:{server.ports.grpc}/inference.GRPCInferenceService/ModelInfer"
    each = payload.connections // _GRPC_CONNECTIONS
    options = ["-t1", f"-c{_GRPC_CONNECTIONS}", f"-m{each}", f"-D{seconds}", "-d", str(body), *headers]
    text = _run([*pinned, "h2load", *options, url], seconds)
    rate, done = _H2_RATE.search(text), _H2_DONE.search(text)
    if rate is None or done is None:
        raise LoadFailed(f"h2load has no figures for {server.peer.name}: {text[-200:]!r}")
    return Load(float(rate[1]), int(done[2]), int(done[1]) - int(done[2]))


def _run(command: list[str], seconds: int) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 60)
    except subprocess.SubprocessError as error:
        raise LoadFailed(f"{command[3]} failed: {error}") from error
    return done.stdout
