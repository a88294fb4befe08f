"""Events of a rollout: there for `kubectl describe`, and never in its way."""

from collections.abc import Iterator

import orjson
import pytest

from promotion.gate.outcome import Outcome
from promotion.kubernetes.release import Release
from promotion.kubernetes.rollout_events import RolloutEvents
from promotion.rollout.events import Failed, Judged
from promotion.rollout.record import RolloutPlan, RolloutRecord
from promotion.rollout.transitions import advance
from promotion.routers.traffic_router import Split
from tests.promotion.kubernetes.place import StatePlace, api_server_at, kubectl, run_state
from tests.promotion.rollout.events import AT, begun, success_of
from tests.promotion.routers.machine import find_free_port

BEGUN = begun(RolloutPlan(steps=(100,)))


@pytest.fixture(scope="module")
def place() -> Iterator[StatePlace]:
    with run_state() as running:
        yield running


def tell(place: StatePlace, record: RolloutRecord) -> None:
    RolloutEvents(place.api, place.release).tell(record)


def read_events(place: StatePlace) -> list[dict[str, str]]:
    found = kubectl("-n", place.release.namespace, "get", "events", "--output", "json")
    events = [each for each in orjson.loads(found)["items"] if each["involvedObject"]["name"] == "shop-rollout"]
    return [{key: each[key] for key in ("type", "reason", "message")} for each in events]


@pytest.mark.cluster
def test_each_state_is_told_on_the_record(place: StatePlace) -> None:
    record = BEGUN
    while not record.is_finished:
        record = advance(record, success_of(record), AT)
        tell(place, record)
    told = read_events(place)
    assert {each["reason"] for each in told} == {"VerdictPromote", "Confirming", "Observing", "Promoted"}
    assert {each["type"] for each in told} == {"Normal"}
    described = kubectl("-n", place.release.namespace, "describe", "configmap", "shop-rollout")
    assert "rollout 1: split written: 100 %" in described


@pytest.mark.cluster
def test_going_back_is_a_warning(place: StatePlace) -> None:
    rejected = advance(BEGUN, Judged(Outcome.REJECT, "the canary is worse", Split(0, "t")), AT)
    tell(place, rejected)
    tell(place, advance(BEGUN, Failed("x" * 5000), AT))
    warnings = {each["reason"]: each["message"] for each in read_events(place) if each["type"] == "Warning"}
    assert warnings["VerdictReject"] == "rollout 1: REJECT: the canary is worse"
    assert len(warnings["Judging"]) == 1024


def test_an_event_that_cannot_be_written_is_left_out() -> None:
    away = StatePlace(api_server_at(f"http://127.0.0.1:{find_free_port()}"), Release("shop", "nowhere"))
    tell(away, advance(BEGUN, success_of(BEGUN), AT))
    tell(away, BEGUN)
