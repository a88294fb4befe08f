"""A PostgreSQL server of the tests' own: its files in a folder that goes with it, one port of 127.0.0.1, no root."""

import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from types import TracebackType
from typing import LiteralString, Self

import psycopg

from tests.predictor.server_process import DEADLINE_SECONDS, find_free_port, wait_for

_ADMINISTRATOR, _PASSWORD = "administrator", "of the administrator"
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",  # the machine does not crash here, processes do
    "log_statement": "all",
    "max_connections": "40",
}


class PostgresMissing(Exception):
    """What this machine lacks to run one."""


class PostgresServer:
    """Initialised and running within the `with`; `stop`, `crash` and `start` while it lasts. Raises PostgresMissing."""

    def __init__(self) -> None:
        self._programs = _find_programs()
        self._user = _find_user()
        self.port = find_free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._reused: str | None = None

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="assay-postgres-"))
        if self._user:
            shutil.chown(self._folder, self._user)
        self._log = self._folder / "log"
        password = self._folder / "password"
        password.write_text(_PASSWORD)
        password.chmod(0o644)  # within a folder that only the server's user can enter
        options = ["-U", _ADMINISTRATOR, f"--pwfile={password}", "--auth=scram-sha-256", "--no-sync"]
        self._run("initdb", "-D", str(self._folder / "data"), *options)
        try:
            self.start()
        except BaseException:
            shutil.rmtree(self._folder)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.crash()
        shutil.rmtree(self._folder)

    def start(self) -> None:
        """Return once it takes connections; at once where it does already."""
        if self._process is not None and self._process.poll() is None:
            return
        settings = [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
        command = [str(self._programs / "postgres"), "-D", str(self._folder / "data"), "-p", str(self.port), *settings]
        with self._log.open("ab") as log:
            self._process = process = subprocess.Popen(
                command,
                user=self._user,
                group=self._user,
                extra_groups=self._user and (),
                cwd="/",
                stdout=log,
                stderr=log,
            )
        wait_for(self._answers, lambda: process.poll() is None)

    def stop(self) -> None:
        """End it in order: connections are cut, what was committed stays."""
        self._end(signal.SIGINT)

    def crash(self) -> None:
        """End it as a power cut does: it recovers with the next start."""
        self._end(signal.SIGQUIT)

    def empty_database(self) -> str:
        """The URL of one with nothing in it, as its owner: the same one each time, which costs least."""
        if self._reused is None:
            self._reused = self.create_database()
        with psycopg.connect(self._reused, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            connection.execute("DROP SCHEMA public CASCADE")
            connection.execute("CREATE SCHEMA public")
        return self._reused

    def log(self) -> str:
        """What it wrote, all statements included."""
        return self._log.read_text()

    def create_database(self, options: LiteralString = "") -> str:
        """The URL of a new, empty one, as its owner."""
        name = f"records_{next(self._numbers)}"
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} {options}")
        return self.url(name)

    def url(self, database: str, user: str = _ADMINISTRATOR, password: str = _PASSWORD) -> str:
        """As `user`."""
        return f"postgresql://{user}:{password.replace(' ', '%20')}@127.0.0.1:{self.port}/{database}"

    def _answers(self) -> bool:
        try:
            psycopg.connect(self.url("postgres"), connect_timeout=5).close()
        except psycopg.OperationalError:
            return False
        return True

    def _end(self, number: signal.Signals) -> None:
        if self._process and self._process.poll() is None:
            self._process.send_signal(number)
            self._process.wait(DEADLINE_SECONDS)

    def _run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self._programs / program), *arguments],
            user=self._user,
            group=self._user,
            extra_groups=self._user and (),
            cwd="/",
            check=True,
            capture_output=True,
            timeout=DEADLINE_SECONDS,
        )


def _find_programs() -> Path:
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: int(folder.parent.name))
    on_path = shutil.which("initdb")
    found = [*([Path(on_path).parent] if on_path else []), *reversed(debian)]
    for folder in found:
        if (folder / "postgres").exists() and (folder / "initdb").exists():
            return folder
    raise PostgresMissing("PostgreSQL is not installed: apt-get install postgresql")


def _find_user() -> str | None:
    """Whom it runs as: PostgreSQL refuses to be root."""
    if os.geteuid() != 0:
        return None
    try:
        return pwd.getpwnam("postgres").pw_name
    except KeyError as error:
        raise PostgresMissing("the tests run as root, and there is no user `postgres` to run PostgreSQL as") from error
