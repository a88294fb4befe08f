"""A Lease: one holder at a time, which has to say again and again that it is alive.

A holder that died is told from one that lives by watching: when the Lease does not change for as long as it is valid,
it is free. No clock is compared with another machine's. A holder that only slept may still believe that it holds the
Lease: what it writes has to be refused where it writes (rollout_store's fence), for no lock can stop it.
"""

import threading
import time
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

from promotion.kubernetes.api_server import ApiServer, JsonObject
from promotion.kubernetes.errors import ApiConflict, ApiError, ClaimLost, RecordUnreachable, as_rollout_errors
from promotion.rollout.rollout_store import RolloutError, RolloutUnderWay

VALID_SECONDS = 8
RENEWAL_SECONDS = 2.0
LOOK_SECONDS = 0.25


class Lease:
    """The Lease at `path`, held as `holder` from `with` to its end.

    `with` raises RolloutUnderWay once it has seen another holder renew, after RENEWAL_SECONDS at most; it takes the
    Lease of a holder that does not, after VALID_SECONDS. RecordUnreachable where there is no such Lease, or no answer.
    """

    def __init__(self, api: ApiServer, path: str, holder: str) -> None:
        self._api = api
        self._path = path
        self._holder = holder
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        self._version = ""

    def __enter__(self) -> Self:
        with as_rollout_errors():
            found = self._wait_until_free()
            transitions = int(found["spec"].get("leaseTransitions", 0)) + 1
            taken = {"acquireTime": _now(), "leaseDurationSeconds": VALID_SECONDS, "leaseTransitions": transitions}
            try:
                self._write(found["metadata"]["resourceVersion"], taken)
            except ApiConflict as error:
                raise RolloutUnderWay(f"{self._path}: a rollout is under way: it has just begun") from error
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_ending.set()
        self._thread.join()
        try:
            self._write(self._version, {"holderIdentity": None})
        except ApiError:
            return  # it is somebody else's, or becomes free by itself

    def _wait_until_free(self) -> JsonObject:
        found = first = self._read()
        deadline = time.monotonic() + float(first["spec"].get("leaseDurationSeconds", VALID_SECONDS))
        while (holder := found["spec"].get("holderIdentity")) and time.monotonic() < deadline:
            if found["spec"] != first["spec"]:
                raise RolloutUnderWay(f"{self._path}: a rollout is under way ({holder})")
            time.sleep(LOOK_SECONDS)
            found = self._read()
        return found

    def _keep(self) -> None:
        while not self._is_ending.wait(RENEWAL_SECONDS):
            try:
                self._renew()
            except ApiError:
                continue  # it may be back in time; if not, what is written after another's claim is refused
            except RolloutError:
                return

    def _renew(self) -> None:
        """Say that the holder lives. Raises ClaimLost when it is another by now."""
        try:
            self._write(self._version, {})
        except ApiConflict as error:  # somebody's label, or our own write whose answer was lost, or another holder
            found = self._read()
            if found["spec"].get("holderIdentity") != self._holder:
                raise ClaimLost(f"{self._path} is held by {found['spec'].get('holderIdentity')}") from error
            self._version = str(found["metadata"]["resourceVersion"])

    def _read(self) -> JsonObject:
        found = self._api.read(self._path)
        if found is None:
            raise RecordUnreachable(f"{self._path}: there is no such Lease; the chart makes it")
        return {**found, "spec": found.get("spec") or {}}

    def _write(self, version: str, spec: JsonObject) -> None:
        said = {"holderIdentity": self._holder, "renewTime": _now(), **spec}
        written = self._api.merge(self._path, {"metadata": {"resourceVersion": version}, "spec": said})
        self._version = str(written["metadata"]["resourceVersion"])


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
