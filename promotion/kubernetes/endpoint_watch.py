"""Notices when the canary's last ready endpoint goes: a watch of its EndpointSlices, in a thread of its own.

The gateway answers that share of the requests with 503 from then on, and no other backend takes it over. A canary that
is scaled down or evicted is no ready endpoint any more while it still drains: who goes back at once loses no request.
"""

import threading

import urllib3

from promotion.kubernetes.api_server import ApiServer, JsonObject, read_events
from promotion.kubernetes.errors import ApiError
from promotion.kubernetes.ready_endpoints import count_ready, slices_query
from promotion.kubernetes.release import Release

RETRY_SECONDS = 0.5


class EndpointWatch:
    """Knows whether `revision` has a ready endpoint; that stays as it was while the API server does not answer.

    `losses` counts how often the last one has gone: a container that was killed can be back within the second.
    """

    def __init__(self, api: ApiServer, release: Release, revision: str) -> None:
        self._api = api
        self._path = release.endpoint_slices
        ours, kserves = release.services_of(revision)
        self._query = slices_query(ours, kserves)
        self.losses = 0
        self._ready: dict[str, int] = {}  # by slice
        self._has_ready = threading.Event()
        self._loss = threading.Event()
        self._is_ending = threading.Event()
        self._response: urllib3.BaseHTTPResponse | None = None
        self._thread = threading.Thread(target=self._run, name="endpoint-watch", daemon=True)

    def start(self) -> None:
        """Look, then watch on. Raises ApiError where nothing can be watched."""
        self._look()
        self._thread.start()

    def stop(self) -> None:
        """End the watch."""
        self._is_ending.set()
        if (response := self._response) is not None:
            _interrupt(response)
        self._thread.join(timeout=1)

    def is_lost(self) -> bool:
        """Whether the canary has no ready endpoint now."""
        return sum(self._ready.values()) == 0

    def wait_until_ready(self, timeout_seconds: float) -> None:
        """Return as soon as there is a ready endpoint, or after the timeout."""
        self._has_ready.wait(timeout_seconds)

    def wait_for_loss(self, timeout_seconds: float) -> None:
        """Return as soon as the last ready endpoint goes, or has gone since the last call, or after the timeout."""
        self._loss.wait(timeout_seconds)
        self._loss.clear()

    def _run(self) -> None:
        while not self._is_ending.is_set():
            try:
                self._follow(self._look())
            except ApiError:
                self._is_ending.wait(RETRY_SECONDS)

    def _look(self) -> str:
        found = self._api.list(self._path, self._query)
        self._keep({each["metadata"]["name"]: count_ready(each) for each in found["items"]})
        return str(found["metadata"]["resourceVersion"])

    def _follow(self, since: str) -> None:
        with self._api.watch(self._path, self._query, since) as response:
            self._response = response
            if self._is_ending.is_set():  # since before there was a response to interrupt
                return
            for event in read_events(response):
                if event["type"] == "ERROR":
                    return  # too old a version, most likely: look again
                self._keep(_after(self._ready, event))

    def _keep(self, ready: dict[str, int]) -> None:
        was_lost, self._ready = self.is_lost(), ready
        if not self.is_lost():
            self._has_ready.set()
        else:
            self._has_ready.clear()
            if not was_lost:
                self.losses += 1
                self._loss.set()


def _after(ready: dict[str, int], event: JsonObject) -> dict[str, int]:
    name = event["object"]["metadata"]["name"]
    others = {each: count for each, count in ready.items() if each != name}
    return others if event["type"] == "DELETED" else {**others, name: count_ready(event["object"])}


def _interrupt(response: urllib3.BaseHTTPResponse) -> None:
    try:
        response.shutdown()
    except (OSError, RuntimeError, ValueError):
        return  # it has ended by itself
