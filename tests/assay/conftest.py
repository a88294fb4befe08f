from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.assay.program import RunningProgram, free_ports, start_and_wait, train


@dataclass(frozen=True)
class ServedPair:
    """A weak model and a better one, each served by a process of its own."""

    weak_url: str
    better_url: str
    weak_bundle: Path
    better_bundle: Path


@pytest.fixture(scope="session")
def bundles(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    out = tmp_path_factory.mktemp("bundles")
    weak = train(out, "digits:part-1")
    better = train(out, "digits:part-1", "digits:part-2", more=["--model-version", "2"])
    return Path(weak["bundle"]), Path(better["bundle"])


@pytest.fixture(scope="session")
def served(bundles: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServedPair]:
    logs = tmp_path_factory.mktemp("logs")
    ports = free_ports(2)
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    running: list[RunningProgram] = []
    try:
        for name, bundle, port, url in zip(("weak", "better"), bundles, ports, urls, strict=True):
            arguments = ["serve", "--bundle", bundle, "--revision", name, "--http-port", port, "--drain-seconds", 0.2]
            running.append(start_and_wait(f"{url}/v2/health/ready", logs / f"{name}.log", *arguments))
        yield ServedPair(urls[0], urls[1], *bundles)
    finally:
        for program in running:
            program.stop()
