"""Rollouts, verdicts and deployments are kept once, however often and in whatever order they are written."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from records.database import Database
from records.deployments import DeploymentRow, Role, list_deployments, record_deployment, retire
from records.errors import NotRecorded
from records.rollouts import (
    RolloutRow,
    StepRow,
    VerdictRow,
    find_rollout,
    list_rollouts,
    list_verdicts,
    write_rollout,
    write_verdict,
)
from tests.records.predictions import NOW

BEGUN = RolloutRow(
    environment="here",
    number=1,
    stable_digest="sha256:s",
    canary_digest="sha256:c",
    holdout_digest="sha256:h",
    policy_digest="sha256:p",
    state="judging",
    outcome=None,
    because="",
    code=None,
    began_at=NOW,
    ended_at=None,
)
STEPS = [
    StepRow(number, percent, 90, 10, 1, 0.5, 3.25, NOW + timedelta(seconds=number))
    for number, percent in enumerate((5, 25, 100), start=1)
]
VERDICT = VerdictRow("PROMOTE", "it is not worse", 800, 3, 62, 0.02, 0.05, 8.4, 0.05, {"n": 800, "z": 8.4}, NOW)
NO_COUNTS = VERDICT._replace(b=None, c=None, z=None, lower_bound=None, evidence={"n": 800, "errors": [0.5]})


def test_a_rollout_that_is_written_as_it_goes_on_is_one(database: Database) -> None:
    rollout_id = write_rollout(database, BEGUN, [])
    for state, steps in (("writing", 0), ("observing", 1), ("observing", 1), ("observing", 2)):
        assert write_rollout(database, BEGUN._replace(state=state), STEPS[:steps], [VERDICT]) == rollout_id
    ended = BEGUN._replace(state="promoted", outcome="PROMOTE", ended_at=NOW + timedelta(seconds=9))
    write_rollout(database, ended, STEPS, [VERDICT])
    found = find_rollout(database, rollout_id)
    assert (found.rollout, found.steps, found.verdicts) == (ended, tuple(STEPS), (VERDICT,))
    assert list_rollouts(database) == [found]


def test_another_rollout_of_the_same_number_is_another_one(database: Database) -> None:
    first = write_rollout(database, BEGUN, STEPS)
    again = write_rollout(database, BEGUN._replace(began_at=NOW + timedelta(days=1)), STEPS)
    elsewhere = write_rollout(database, BEGUN._replace(environment="there"), [])
    assert [found.id for found in list_rollouts(database)] == [elsewhere, again, first]
    assert [found.id for found in list_rollouts(database, environment="here", before=again)] == [first]
    with pytest.raises(NotRecorded, match="there is no rollout 99"):
        find_rollout(database, 99)


def test_a_verdict_without_a_rollout_and_without_counts_is_kept_once(database: Database) -> None:
    assert write_verdict(database, NO_COUNTS)
    assert not write_verdict(database, NO_COUNTS)
    assert write_verdict(database, VERDICT._replace(decided_at=NOW + timedelta(seconds=1)))
    assert [found.b for found in list_verdicts(database)] == [3, None]
    assert list_verdicts(database)[1] == NO_COUNTS


V1, V2, V3 = (("v1", "sha256:1"), ("v2", "sha256:2"), ("v3", "sha256:3"))


def deployed(bundle: tuple[str, str], role: Role, hour: int) -> DeploymentRow:
    return DeploymentRow("here", *bundle, role, None, NOW + timedelta(hours=hour))


def held(database: Database, role: Role) -> list[tuple[str, float, float | None]]:
    def hours(moment: object) -> float:
        return (moment - NOW) / timedelta(hours=1)  # type: ignore[operator,no-any-return]

    return [
        (row.revision, hours(row.deployed_at), hours(retired_at) if retired_at else None)
        for row, retired_at in reversed(list_deployments(database, environment="here"))
        if row.role == role
    ]


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_a_role_is_held_by_one_bundle_at_a_time_in_whatever_order_that_becomes_known(
    sqlite_database: Database, order: Iterable[int]
) -> None:
    changes = [deployed(V1, "stable", 0), deployed(V2, "stable", 3), deployed(V1, "stable", 7)]
    for _ in range(2):
        for place in order:
            record_deployment(sqlite_database, changes[place])
    assert held(sqlite_database, "stable") == [("v1", 0, 3), ("v2", 3, 7), ("v1", 7, None)]


def test_who_has_the_role_already_keeps_it(database: Database) -> None:
    assert record_deployment(database, deployed(V1, "stable", 0))
    assert not record_deployment(database, deployed(V1, "stable", 5))
    assert record_deployment(database, deployed(V2, "canary", 5))
    assert held(database, "stable") == [("v1", 0, None)]


def test_a_canary_that_is_retired_leaves_the_role_to_the_next(database: Database) -> None:
    for _ in range(2):
        record_deployment(database, deployed(V2, "canary", 1))
        retire(database, "here", "canary", NOW + timedelta(hours=2))
        record_deployment(database, deployed(V3, "canary", 4))
    assert held(database, "canary") == [("v2", 1, 2), ("v3", 4, None)]
    assert list_deployments(database, environment="there") == []
