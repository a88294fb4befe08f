"""A rollout's record in the cluster: a ConfigMap that the chart makes empty, under the chart's Lease.

`record.json` is the newest record, `evidence.json` what its verdict rests on, `history-<number>.json` the rollouts
before it, the last few. The ConfigMap names who has claimed it, and every write has the version that it replaces as
precondition: so a holder that has lost its Lease without noticing cannot write, however long it slept. What others
change meanwhile, such as the chart's labels in an upgrade, is no reason to stop.
"""

import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from uuid import uuid4

from pydantic import ValidationError

from bundle.one_line import explain_first
from promotion.gate.record import EvidenceRecord
from promotion.kubernetes.api_server import ApiServer, JsonObject
from promotion.kubernetes.errors import (
    ApiConflict,
    ApiUnreachable,
    ClaimLost,
    RecordUnreachable,
    as_rollout_errors,
)
from promotion.kubernetes.lease import Lease
from promotion.kubernetes.release import Release
from promotion.rollout.record import RolloutRecord, record_from_json, record_to_json
from promotion.rollout.rollout_store import RolloutNotUsable

RECORD, EVIDENCE, HISTORY = "record.json", "evidence.json", "history-"
KEPT = 5
"""Rollouts before the newest; a ConfigMap takes 1 MiB, and each is a few KiB."""
CLAIMED_BY = "assay.dev/claimed-by"
PATIENCE_SECONDS = 20.0
"""How long a write waits for an API server that is away, such as one that restarts."""
RETRY_SECONDS = 0.25


class ClusterRolloutStore:
    """RolloutStore of a release. Only the object that claimed can save; any can read.

    Beside the seam's errors it raises ClaimLost and RecordUnreachable.
    """

    def __init__(self, api: ApiServer, release: Release) -> None:
        self._api = api
        self._release = release
        self._holder: str | None = None

    @contextmanager
    def claim(self) -> Iterator[None]:
        """As the seam says; a claim whose holder was killed is free after a few seconds, which this waits for."""
        holder = f"{socket.gethostname()}-{uuid4().hex[:8]}"
        with Lease(self._api, self._release.lease, holder):
            with as_rollout_errors():
                self._api.merge(self._release.record, {"metadata": {"annotations": {CLAIMED_BY: holder}}})
            self._holder = holder
            try:
                yield
            finally:
                self._holder = None

    def read_newest(self) -> RolloutRecord | None:
        """The newest record. Raises RolloutNotUsable, RecordUnreachable."""
        with as_rollout_errors():
            return self._record_in(self._read())

    def read_kept(self) -> Sequence[RolloutRecord]:
        """The newest record and the few before it. Raises RolloutNotUsable, RecordUnreachable."""
        with as_rollout_errors():
            found = self._read()
        kept = [self._parse(key, content) for key, content in found["data"].items() if _is_record(key)]
        return sorted(kept, key=lambda record: record.rollout_id)

    def read_evidence(self) -> EvidenceRecord | None:
        """What the newest verdict rests on; None before the first. Raises RolloutNotUsable, RecordUnreachable."""
        with as_rollout_errors():
            content = self._read()["data"].get(EVIDENCE)
        try:
            return EvidenceRecord.model_validate_json(content) if content is not None else None
        except ValidationError as error:
            raise self._not_usable(EVIDENCE, error) from error

    def save(self, record: RolloutRecord) -> None:
        """As the seam says; waits a while for an API server that is away. Raises ClaimLost, RecordUnreachable."""
        content = record_to_json(record).decode()

        def change(found: JsonObject) -> dict[str, str | None]:
            newest = self._record_in(found)
            if newest is None or newest.rollout_id == record.rollout_id:
                return {RECORD: content}
            if newest.rollout_id > record.rollout_id:
                return _with_history(found, record.rollout_id, content)
            return {**_with_history(found, newest.rollout_id, found["data"][RECORD]), RECORD: content}

        with as_rollout_errors():
            self._write(change)

    def save_evidence(self, evidence: EvidenceRecord) -> None:
        """Keep what the verdict of the rollout under way rests on. As `save`."""
        content = evidence.to_json().decode()
        with as_rollout_errors():
            self._write(lambda _found: {EVIDENCE: content})

    def _write(self, change: Callable[[JsonObject], dict[str, str | None]]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                found = self._read()
                self._refuse_unclaimed(found)
                version = {"resourceVersion": found["metadata"]["resourceVersion"]}
                self._api.merge(self._release.record, {"metadata": version, "data": change(found)})
                return
            except (ApiConflict, ApiUnreachable):
                if time.monotonic() >= deadline:
                    raise
                time.sleep(RETRY_SECONDS)

    def _refuse_unclaimed(self, found: JsonObject) -> None:
        claimed_by = (found["metadata"].get("annotations") or {}).get(CLAIMED_BY)
        if self._holder is None or claimed_by != self._holder:
            raise ClaimLost(
                f"ConfigMap {self._release.state_name} is claimed by {claimed_by or 'nobody'}, "
                f"not by {self._holder or 'this process'}; nothing is written"
            )

    def _read(self) -> JsonObject:
        found = self._api.read(self._release.record)
        if found is None:
            raise RecordUnreachable(
                f"ConfigMap {self._release.state_name} is not in namespace {self._release.namespace}; "
                "the chart makes it"
            )
        return {**found, "data": found.get("data") or {}}

    def _record_in(self, found: JsonObject) -> RolloutRecord | None:
        return self._parse(RECORD, found["data"][RECORD]) if RECORD in found["data"] else None

    def _parse(self, key: str, content: str) -> RolloutRecord:
        try:
            return record_from_json(content.encode())
        except ValidationError as error:
            raise self._not_usable(key, error) from error

    def _not_usable(self, key: str, error: ValidationError) -> RolloutNotUsable:
        what = "the evidence of a rollout" if key == EVIDENCE else "a rollout's record"
        return RolloutNotUsable(f"ConfigMap {self._release.state_name}, {key}: not {what}: {explain_first(error)}")


def _is_record(key: str) -> bool:
    return key == RECORD or key.startswith(HISTORY)


def _with_history(found: JsonObject, number: int, content: str) -> dict[str, str | None]:
    """The change that keeps a record beside the newest, and of those the last few."""
    numbers = {int(key.removeprefix(HISTORY).removesuffix(".json")) for key in found["data"] if key.startswith(HISTORY)}
    dropped = sorted(numbers | {number}, reverse=True)[KEPT:]
    return {f"{HISTORY}{number}.json": content, **{f"{HISTORY}{each}.json": None for each in dropped}}
