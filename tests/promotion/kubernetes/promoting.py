"""`assay promote` as a process, on a release of the cluster."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from promotion.rollout.record import RolloutRecord, RolloutState
from tests.promotion.kubernetes.place import GATEWAY_URL, Place
from tests.promotion.rollout.place import Finished, wait_until
from tests.promotion.routers.machine import REPOSITORY

QUICKLY = ("--minimum-requests", "200", "--minimum-seconds", "0.5")
HOLDING = ("--minimum-requests", "100000000")
"""A step that lasts until its deadline of two minutes."""


@dataclass(frozen=True)
class Promoting:
    """How a test promotes: its place, a holdout, and the kubeconfig where it is not this process's."""

    place: Place
    holdout: Path
    kubeconfig: Path | None = None

    def promote(self, *more: str, canary: str = "v2") -> Finished:
        with self.begun(*more, canary=canary) as process:
            stdout, stderr = process.communicate(timeout=60)
        return Finished(process.returncode, stdout, stderr)

    @contextmanager
    def begun(self, *more: str, canary: str = "v2") -> Iterator[subprocess.Popen[str]]:
        """`assay promote`, begun and not waited for; killed when the block ends."""
        process = subprocess.Popen(
            [sys.executable, "-m", "assay", "promote", *self._options(canary), *more],
            cwd=REPOSITORY,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def read_record(self) -> RolloutRecord | None:
        return self.place.store.read_newest()

    def wait_until_observing(self, percent: int, process: subprocess.Popen[str]) -> None:
        def is_observing() -> bool:
            record = self.read_record()
            return record is not None and (record.state, record.asked_percent) == (RolloutState.OBSERVING, percent)

        wait_until(is_observing, process)

    def _options(self, canary: str) -> list[str]:
        place = self.place
        urls = ["--stable", f"v1={place.url_of('v1')}", "--canary", f"{canary}={place.url_of(canary)}"]
        release = ["--release", place.release.name, "--namespace", place.release.namespace, *urls]
        gateway = ["--gateway-url", GATEWAY_URL, "--gateway-stats-url", place.stats_url]
        return [*release, *gateway, "--holdout", str(self.holdout)]

    def _environment(self) -> dict[str, str]:
        own = {"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}
        return {**os.environ, **own, **({"KUBECONFIG": str(self.kubeconfig)} if self.kubeconfig else {})}
