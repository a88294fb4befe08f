"""What a rollout writes, as the API server tells it: each kind of write once, in the order in which they came."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from promotion.kubernetes.api_server import ApiServer, JsonObject, read_events
from promotion.kubernetes.errors import ApiError
from promotion.kubernetes.release import Release
from promotion.kubernetes.rollout_store import EVIDENCE, RECORD
from promotion.kubernetes.split_route import NO_ROUTE, split_of
from promotion.rollout.record import RolloutState, record_from_json


class RolloutWrites:
    """Watches from `watch_writes` to its end. `shares` are the canary's in the route, as they were written."""

    def __init__(self, place: Release) -> None:
        self.seen: list[str] = []
        self.shares: list[int] = []
        self._stable = place.services_of("v1")
        self._changed = threading.Condition()
        self._is_ending = False

    def wait_for_more(self, than: int, timeout_seconds: float = 120) -> None:
        """Return as soon as more than so many kinds of writes were seen."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.seen) > than, timeout_seconds), f"only {self.seen}"

    def end(self) -> None:
        self._is_ending = True

    def follow(self, collection: str, name: str, describe: Callable[[JsonObject], str]) -> None:
        """Until `end`; to be run in a thread."""
        api, query = ApiServer.connect(), {"fieldSelector": f"metadata.name={name}"}
        since = str(api.list(collection, query)["metadata"]["resourceVersion"])
        while not self._is_ending:
            try:
                with api.watch(collection, query, since) as response:
                    for event in read_events(response):
                        since = str(event["object"]["metadata"]["resourceVersion"])
                        self._keep(describe(event["object"]))
            except ApiError:
                continue

    def describe_route(self, route: JsonObject) -> str:
        split = split_of(route, self._stable)
        if not self.shares or self.shares[-1] != split.canary_percent:
            self.shares.append(split.canary_percent)
        return "a detached route" if split == NO_ROUTE else f"the route at {split.canary_percent} %"

    def _keep(self, what: str) -> None:
        with self._changed:
            if what not in self.seen:
                self.seen.append(what)
                self._changed.notify_all()


@contextmanager
def watch_writes(place: Release) -> Iterator[RolloutWrites]:
    writes = RolloutWrites(place)
    records = f"/api/v1/namespaces/{place.namespace}/configmaps", place.state_name, describe_state
    routes = place.routes, place.split_name, writes.describe_route
    for watched in (records, routes):
        threading.Thread(target=writes.follow, args=watched, daemon=True).start()
    try:
        yield writes
    finally:
        writes.end()


def describe_state(state: JsonObject) -> str:
    data = state.get("data") or {}
    if RECORD not in data:
        return "the claim"
    record = record_from_json(data[RECORD].encode())
    if record.state is RolloutState.JUDGING:
        return "the evidence" if EVIDENCE in data else "the record: judging"
    return f"the record: {record.state} at {record.asked_percent} %"
