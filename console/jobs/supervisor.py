"""Watches one job's process: `python -m console.jobs.supervisor FOLDER`, in a session of its own.

It outlives the console that started it, and keeps in FOLDER how the process ended. While it lives it holds the lock in
FOLDER, so whoever finds that free, and no end, knows that nobody saw the end. The process does not outlive it (Linux).
Only the standard library and psutil, because it waits beside every job.

    order.json       what to run, by the console
    lock             held while this lives; an open descriptor is handed over, so there is no moment without
    output, log      what the process writes to stdout and stderr
    cancel.json      the console's wish that it ends
    end.json         how it ended
"""

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

POLL_SECONDS = 0.1
_PR_SET_PDEATHSIG = 1  # prctl(2)


def main(folder: Path) -> None:
    """Run the order in `folder` to its end, and say in end.json how that was."""
    order: dict[str, Any] = json.loads((folder / "order.json").read_bytes())
    told: list[str] = []
    signal.signal(signal.SIGTERM, lambda *_: told.append("its supervisor was told to end"))
    try:
        with (folder / "output").open("ab") as output, (folder / "log").open("ab") as log:
            process = subprocess.Popen(
                order["command"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                env={**os.environ, **order["environment"]},
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  # it takes no lock
            )
    except OSError as error:
        _keep_end(folder, "failed", None, f"it cannot be started: {error}")
        return
    stopped = _watch(folder, order, process, told)
    code = process.wait()
    _signal_group(process, signal.SIGKILL)  # what it has left behind
    if stopped is not None:
        state, because = stopped
        _keep_end(folder, state, code if code >= 0 else None, because)
    elif code < 0:
        _keep_end(folder, "failed", None, f"it was killed by {signal.Signals(-code).name}")
    else:
        _keep_end(folder, "finished" if code == 0 else "failed", code, "" if code == 0 else f"exit code {code}")


def _watch(folder: Path, order: dict[str, Any], process: subprocess.Popen[bytes], told: list[str]) -> Any:
    """Wait for the end of `process`; (state, why) where something here has ended it, else None."""
    began = time.monotonic()
    while True:
        with suppress(subprocess.TimeoutExpired):
            process.wait(POLL_SECONDS)
            return None
        stop = _find_stop(folder, order["limits"], process, time.monotonic() - began, told)
        if stop is not None:
            _end(process, order["stop_seconds"])
            return stop


def _find_stop(
    folder: Path, limits: dict[str, Any], process: subprocess.Popen[bytes], seconds: float, told: list[str]
) -> tuple[str, str] | None:
    cancel = folder / "cancel.json"
    if cancel.exists():
        return "cancelled", f"cancelled by {json.loads(cancel.read_bytes())['by']}"
    if told:
        return "failed", told[0]
    if limits["seconds"] is not None and seconds > limits["seconds"]:
        return "failed", f"it ran longer than its limit of {limits['seconds']:g} s"
    if limits["memory_bytes"] is not None and (taken := _resident_bytes(process.pid)) > limits["memory_bytes"]:
        return "failed", f"it took {taken >> 20} MiB of memory, and its limit is {limits['memory_bytes'] >> 20} MiB"
    return None


def _resident_bytes(pid: int) -> int:
    taken = 0
    with suppress(psutil.Error):
        top = psutil.Process(pid)
        for one in (top, *top.children(recursive=True)):
            with suppress(psutil.Error):
                taken += one.memory_info().rss
    return taken


def _end(process: subprocess.Popen[bytes], patience_seconds: float) -> None:
    _signal_group(process, signal.SIGTERM)
    try:
        process.wait(patience_seconds)
    except subprocess.TimeoutExpired:
        _signal_group(process, signal.SIGKILL)


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


def _keep_end(folder: Path, state: str, code: int | None, because: str) -> None:
    end = {
        "state": state,
        "exit_code": code,
        "because": because,
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
    }
    draft = folder / "end.writing"
    with draft.open("w") as file:
        json.dump(end, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(folder / "end.json")


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == 1:
        os._exit(1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
