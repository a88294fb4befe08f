"""A real Prometheus that collects from doors of a test, ended with its block."""

import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.promotion.evidence.predictors import find_free_port


@dataclass(frozen=True)
class RunningPrometheus:
    url: str
    process: subprocess.Popen[bytes]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def run_prometheus(folder: Path, urls: Sequence[str], scrape_milliseconds: int = 200) -> Iterator[RunningPrometheus]:
    """It asks `urls` that often, and gives what they say the label `namespace="ns"`; skips where there is none."""
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("there is no prometheus on the PATH")
    port, configuration = find_free_port(), folder / "prometheus.yml"
    targets = ", ".join(f'"{url.removeprefix("http://")}"' for url in urls)
    every = f"{scrape_milliseconds}ms"
    configuration.write_text(
        f"global: {{scrape_interval: {every}, scrape_timeout: {every}}}\n"
        "scrape_configs:\n"
        f"  - {{job_name: shop, static_configs: [{{targets: [{targets}], labels: {{namespace: ns}}}}]}}\n"
    )
    command = [program, f"--config.file={configuration}", f"--storage.tsdb.path={folder / 'data'}"]
    process = subprocess.Popen(
        [*command, f"--web.listen-address=127.0.0.1:{port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    running = RunningPrometheus(f"http://127.0.0.1:{port}", process)
    try:
        yield running
    finally:
        running.kill()
