"""The servers that are compared: how each is started, where it listens, what it can be asked."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.model import NAME

J1, B1, J32, G1 = "j1", "b1", "j32", "g1"
"""One row as V2 JSON; as a V2 binary tensor; 32 rows as JSON; one row over gRPC, raw."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The ports that a server may take on 127.0.0.1."""

    http: int
    grpc: int
    metrics: int


Start = Callable[[Path, Ports], tuple[str, ...]]
"""The command that starts a server with an interpreter."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A server, ours or another; it is started in a directory with what model.py writes."""

    name: str
    title: str
    package: str
    """The distribution whose version is told."""
    scenarios: tuple[str, ...]
    path: str
    start: Start
    is_ours: bool = False
    """Then it runs in our own environment."""
    is_slow: bool = False
    """Then it takes part only when it is named."""
    python: str = "3.11"
    """What its environment is made of, for uv."""


def _module(name: str) -> Start:
    def start(python: Path, ports: Ports) -> tuple[str, ...]:
        numbers = (str(ports.http), str(ports.grpc), str(ports.metrics))
        return (str(python), "-m", f"benchmarks.servers.{name}_server", *numbers)

    return start


def _assay(*settings: str, has_grpc: bool = False, workers: int = 1) -> Start:
    def start(python: Path, ports: Ports) -> tuple[str, ...]:
        command = (str(python), "-m", "assay", "serve", "--bundle", "bundle", "--drain-seconds", "0")
        grpc = ("--grpc-port", str(ports.grpc)) if has_grpc else ()
        many = ("--workers", str(workers)) if workers > 1 else ()
        return ("env", *settings, *command, "--http-port", str(ports.http), *grpc, *many)

    return start


def make_workers(workers: int) -> Peer:
    """Assay with so many processes; no peer of others."""
    return Peer(f"assay-{workers}", f"Assay, {workers} workers", "assay", (J1, B1, J32), _V2, _assay(workers=workers))


_DEBIANS = "/usr/bin/python3.11"  # pytriton brings an interpreter that cannot use the standard library of 3.11.7
_V2 = f"/v2/models/{NAME}/infer"
PEERS = (
    Peer("assay", "Assay", "assay", (J1, B1, J32), _V2, _assay(), is_ours=True),
    Peer(
        "assay-recording",
        "Assay, recording all predictions",
        "assay",
        (J1, B1, J32),
        _V2,
        _assay("ASSAY_RECORD=jsonl:records"),
        is_ours=True,
    ),
    Peer("assay-grpc", "Assay with its gRPC port", "assay", (G1,), _V2, _assay(has_grpc=True), is_ours=True),
    Peer("kserve", "KServe's ModelServer", "kserve", (J1, B1, J32, G1), _V2, _module("kserve")),
    Peer(
        "triton",
        "Triton, Python back end",
        "nvidia-pytriton",
        (J1, B1, J32, G1),
        _V2,
        _module("triton"),
        python=_DEBIANS,
    ),
    Peer("mlserver", "MLServer", "mlserver", (J1, J32, G1), _V2, _module("mlserver")),
    Peer("fastapi", "FastAPI, async", "fastapi", (J1, J32), "/infer", _module("fastapi")),
    Peer("flask", "Flask, gunicorn", "flask", (J1, J32), "/infer", _module("flask")),
    Peer("bentoml", "BentoML", "bentoml", (J1, J32), "/infer", _module("bentoml")),
    Peer("litserve", "LitServe", "litserve", (J1, J32), "/infer", _module("litserve")),
    Peer("ray", "Ray Serve", "ray", (J1, J32), "/infer", _module("ray"), is_slow=True),
)


def own_python() -> Path:
    """The interpreter that this runs in: the environment of what is ours."""
    return Path(sys.executable)
