"""A whole place on one machine: PostgreSQL, a stable and a canary revision that record in it, and Envoy before them."""

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil
from sqlalchemy import RowMapping, text

from bundle import Bundle
from promotion.routers.envoy import EnvoyProcess, EnvoyRouter, RevisionEndpoint
from records.database import Database, open_database
from records.roles import make_roles
from records.schema import upgrade
from tests.predictor.server_process import ServerProcess, find_free_port, wait_for
from tests.records.postgres_server import PostgresServer


class Place:
    """`stable` stays; canaries come and go. All spool on `disk`, which can be filled where it is a small one."""

    def __init__(
        self, path: Path, postgres: PostgresServer, bundles: tuple[Bundle, Bundle], disk: Path, stack: ExitStack
    ) -> None:
        self.path = path
        self.postgres = postgres
        self.disk = disk
        self._bundles = bundles
        self._stack = stack
        self.database = self._make_database()
        self._number = 0
        self.stable = self.start_revision(workers=1)
        self._port = find_free_port()
        self.gateway = self._start_gateway()
        self.canary: ServerProcess | None = None

    @property
    def url(self) -> str:
        return self.gateway.url

    @property
    def router(self) -> EnvoyRouter:
        return self.gateway.router

    def start_revision(self, workers: int) -> ServerProcess:
        self._number += 1
        name = f"v{self._number}"
        process = ServerProcess(
            self._bundles[self._number % 2].path,
            self.path / f"{name}.log",
            revision=name,
            workers=workers,
            record="database",
            database_url_file=self.path / "url",
            record_spool_dir=self.disk / "spool",
            record_disk_bytes=2**22,
            drain_seconds=1,
        )
        self._stack.enter_context(process)
        return process.wait_until_ready()

    def shift(self, percent: int) -> None:
        self.router.confirm_split(self.router.write_split(percent, since=self.router.read_split()), 30)

    def begin_canary(self) -> None:
        self.canary = self.start_revision(workers=2)
        self.router.assign("canary", endpoint_of(self.canary, f"v{self._number}"))

    def end_canary(self) -> None:
        assert self.canary
        self.router.restore_stable()
        self.router.assign("canary", None)
        assert self.canary.stop() == 0, self.canary.log.read_text()[-2000:]
        self.canary = None

    def restart_gateway(self) -> None:
        self.gateway.stop()
        self.gateway = self._start_gateway()
        if self.canary:
            self.router.assign("canary", endpoint_of(self.canary, f"v{self._number}"))

    def fill_disk(self) -> None:
        with (self.disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
            while True:
                filler.write(bytes(4096))

    def empty_disk(self) -> None:
        (self.disk / "filler").unlink()

    def metric(self, process: ServerProcess, name: str) -> float:
        with process.client() as client:
            lines = client.get("/metrics").text.splitlines()
        return sum(float(line.split()[1]) for line in lines if line.startswith(f"{name} "))

    def recorded(self) -> list[RowMapping]:
        with self.database.connect() as connection:
            query = text("SELECT * FROM predictions ORDER BY answered_at, key, row")
            return list(connection.execute(query).mappings())

    def deliver_all(self) -> None:
        """Whatever spool a process left is another one's to deliver."""
        spools = len(list((self.disk / "spool").iterdir()))
        for process in (self.stable, *(self.start_revision(workers=1) for _ in range(spools))):
            for waiting in ("assay_recorder_spool_bytes", "assay_recorder_queued"):
                wait_for(lambda: not self.metric(process, waiting), process.is_running)  # noqa: B023 - used at once

    def _make_database(self) -> Database:
        database = open_database(self.postgres.empty_database())
        self._stack.callback(database.dispose)
        upgrade(database)
        make_roles(database, {"predictor": "of-the-predictor"})
        url = self.postgres.url(str(database.url.database), "assay_predictor", "of-the-predictor")
        (self.path / "url").write_text(url)
        return database

    def _start_gateway(self) -> EnvoyProcess:
        gateway = EnvoyProcess.start(self.path / "gateway", endpoint_of(self.stable, "v1"), port=self._port)
        return self._stack.enter_context(gateway)


def endpoint_of(process: ServerProcess, name: str) -> RevisionEndpoint:
    parts = urlsplit(process.url)
    assert parts.hostname
    assert parts.port
    return RevisionEndpoint(name, parts.hostname, parts.port)


def resident_bytes(process: ServerProcess) -> int:
    """Of the serving process alone."""
    return int(psutil.Process(process.process.pid).memory_info().rss)


@contextmanager
def small_disk(path: Path) -> Iterator[bool]:
    """A file system of 16 MB at `path`; whether this machine lets one be made. Without, it is an ordinary folder."""
    path.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=16m,mode=0777", "tmpfs", str(path)]
    is_small = subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield is_small
    finally:
        if is_small:
            subprocess.run(["umount", "--lazy", str(path)], check=True)
