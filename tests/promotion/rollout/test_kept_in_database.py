"""Rollouts and verdicts are in the database of records, too, and a database that is away changes nothing for them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from assay.recorded_rollouts import write_recorded_rollout
from assay.rollout_notes import rollout_notes
from promotion.gate.record import EvidenceRecord, write_evidence
from promotion.rollout.file_store import FileRolloutStore
from promotion.rollout.record import RolloutPlan, RolloutRecord, RolloutState
from promotion.rollout.transitions import advance
from records.database import Database, open_database
from records.deployments import list_deployments
from records.rollouts import RolloutFound, list_rollouts, list_verdicts
from records.schema import upgrade
from tests.assay.program import assay
from tests.promotion.evidence.predictors import RunningPredictor
from tests.promotion.rollout.clients import Clients
from tests.promotion.rollout.events import AT, success_of
from tests.promotion.rollout.place import QUICKLY, Place, run_assay, wait_until
from tests.promotion.rollout.surroundings import Faults, Revisions, judge_by, new_record
from tests.records.postgres_server import PostgresServer


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The one that is set, which has no tables yet."""
    url = f"sqlite:///{tmp_path}/records.db"
    monkeypatch.setenv("ASSAY_DATABASE_URL", url)
    database = open_database(url)
    yield database
    database.dispose()


def states_of(plan: RolloutPlan) -> list[RolloutRecord]:
    """Every state of a rollout that goes well, each second another one."""
    record = replace(new_record(plan), began_at=AT)
    records = [record]
    while not record.is_finished:
        record = advance(record, success_of(record), AT.replace("12:00:00", f"12:00:{len(records):02}"))
        records.append(record)
    return records


def evidence_of(record: RolloutRecord) -> EvidenceRecord:
    return judge_by(Revisions(Faults()))(record)


def only(database: Database) -> RolloutFound:
    (found,) = list_rollouts(database)
    return found


def test_what_is_told_while_the_database_is_away_is_written_when_it_is_back(
    database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    told = states_of(RolloutPlan(steps=(20, 100)))
    with rollout_notes("here", evidence_of) as note:
        for record in told[:-1]:
            note(record)
        upgrade(database)
        note(told[-1])
    found = only(database)
    assert (found.rollout.state, found.rollout.outcome) == ("promoted", "PROMOTE")
    assert found.rollout.ended_at == datetime(2026, 11, 21, 12, 0, len(told) - 1, tzinfo=UTC)
    assert [(step.number, step.asked_percent) for step in found.steps] == [(1, 20), (2, 100)]
    times = [step.observed_at.second for step in found.steps]
    assert [told[second].state for second in times] == [RolloutState.WRITING, RolloutState.PROMOTED]
    assert [verdict.verdict for verdict in found.verdicts] == ["PROMOTE"]
    assert capsys.readouterr().err.count("is not kept in the database for now") <= 1


def test_what_the_database_never_took_is_said_and_written_later(
    database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.rollout_notes.END_SECONDS", 0.2)
    store = FileRolloutStore(tmp_path)
    promoted = states_of(RolloutPlan(steps=(20, 100)))
    with rollout_notes("here", evidence_of) as note:
        for record in promoted:
            note(record)
            store.save(record)
    said = capsys.readouterr().err
    assert said.count("the rollout goes on, but is not kept in the database for now: ") == 1
    assert "next: assay db create" in said
    assert "rollout 1: the database has not all of it; next, once it answers: assay db load-rollouts" in said
    write_evidence(evidence_of(promoted[-1]), tmp_path / "evidence-0001.json")
    store.save(replace(new_record(RolloutPlan()), rollout_id=2))  # which does not say when it began: left out

    upgrade(database)
    done = assay("db", "load-rollouts", "--out", tmp_path, "--gateway", tmp_path / "gateway")
    assert (done.code, done.stdout) == (0, "rollout 1  promoted\nrollout 2  judging\n"), done.stderr
    environment = only(database).rollout.environment
    assert environment.endswith(f":{tmp_path}/gateway")
    write_recorded_rollout(database, environment, promoted[-1], evidence_of(promoted[-1]))
    found = only(database)
    assert (len(found.steps), [verdict.n for verdict in found.verdicts]) == (2, [400])
    roles = [(row.role, row.bundle_digest[7:9], end is None) for row, end in list_deployments(database)]
    assert roles == [("stable", "22", True), ("canary", "22", False), ("stable", "11", False)]


@pytest.mark.slow
def test_a_rollout_goes_on_without_its_database_and_is_in_it_afterwards(
    postgres: PostgresServer,
    monkeypatch: pytest.MonkeyPatch,
    place: Place,
    clients: Clients,
    predictors: dict[str, RunningPredictor],
) -> None:
    url = postgres.empty_database()
    monkeypatch.setenv("ASSAY_DATABASE_URL", url)
    database = open_database(url)
    upgrade(database)
    database.dispose()
    postgres.stop()
    place.assign_canary("v2", predictors["v2"].url)
    with place.promoting(*QUICKLY, "--steps", "50,100", "--approvals", "100") as process:
        wait_until(lambda: (record := place.read_record()) is not None and record.state == "awaiting", process)
        postgres.start()
        approved = run_assay("rollout", "approve", "--out", str(place.out))
        assert approved.code == 0, approved.stderr
        stdout, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
    assert "rollout 1 promoted" in stdout
    assert stderr.count("is not kept in the database for now") <= 1  # none, where it was back before the first try
    record, found = place.read_record(), only(database)
    assert record is not None
    assert found.rollout.began_at == datetime.fromisoformat(record.began_at or "")
    assert (found.rollout.state, [step.asked_percent for step in found.steps]) == ("promoted", [50, 100])
    assert [step.canary_requests for step in found.steps] == [seen.counts.canary for seen in record.observations]
    assert [verdict.b for verdict in found.verdicts] == [0]
    assert [(row.revision, row.role) for row, end in list_deployments(database) if end is None] == [("v2", "stable")]

    stable, canary = predictors["v1"].url, predictors["v2"].url
    judged = run_assay("gate", "--stable", stable, "--canary", canary, "--holdout", str(place.holdout))
    assert judged.code == 0, judged.stderr
    assert [verdict.verdict for verdict in list_verdicts(database)] == ["PROMOTE"] * 2
    database.dispose()
