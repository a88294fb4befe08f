"""What labels show of the canary, in worlds whose truth is known."""

from dataclasses import replace

import numpy as np

from promotion.gate.policy import GatePolicy, LiveLabelPolicy
from promotion.recorded.agreement import ShadowAgreement, describe_agreement, find_agreement
from promotion.recorded.answers import AnswersOfBoth, RecordedAnswer, Role, side_by_side
from promotion.recorded.findings import LabelFinding, LabelState, ScoredRows, describe_labels, find_in_labels
from promotion.recorded.labels import GivenLabel

POLICY = GatePolicy(live_labels=LiveLabelPolicy(lag_seconds=100.0, minimum_rows=20))
LONG_AGO = 1e6
"""Now, for answers that begin at 0."""


class World:
    """Answers one second apart; the true label is always `right`, and comes a second later unless told otherwise."""

    def __init__(self, seed: int = 1) -> None:
        self.answers, self.labels = AnswersOfBoth(), dict[tuple[str, int], GivenLabel]()
        self.random = np.random.default_rng(seed)
        self.seconds = 0.0

    def serve(self, role: Role, *, wrong: float, labelled: float = 1.0, request_id: str = "") -> str:
        self.seconds += 1
        name = request_id or f"request-{self.seconds:g}"
        says = "wrong" if self.random.random() < wrong else "right"
        self.answers.add(role, RecordedAnswer(name, self.seconds, (says,)))
        if self.random.random() < labelled:
            self.labels.setdefault((name, 0), GivenLabel("right", self.seconds + 1))
        return name

    def split(self, requests: int, *, share: float, stable: float, canary: float) -> None:
        for _ in range(requests):
            is_canary = self.random.random() < share
            self.serve("canary" if is_canary else "stable", wrong=canary if is_canary else stable)

    def find(self, policy: GatePolicy = POLICY, now: float = LONG_AGO) -> LabelFinding:
        return find_in_labels(self.answers, self.labels, policy, now)


def test_a_canary_that_is_worse_is_harm_and_says_by_how_much() -> None:
    world = World()
    world.split(1500, share=0.25, stable=0.1, canary=0.4)
    found = world.find()
    assert found.state is LabelState.HARM
    assert found.worse_at_least is not None
    assert found.worse_at_most is not None
    assert 0.02 < found.worse_at_least < 0.3 < found.worse_at_most
    assert (found.allowed, found.stable.labelled + found.canary.labelled) == (0.02, 1500)
    assert "canary's excess +" in describe_labels(found)


def test_a_canary_that_is_as_good_is_open_and_then_kept() -> None:
    world = World()
    world.split(200, share=0.25, stable=0.1, canary=0.1)
    assert world.find().state is LabelState.OPEN
    world.split(600, share=0.5, stable=0.3, canary=0.05)
    assert world.find().state is LabelState.KEPT


def test_harm_within_the_margin_is_what_the_owner_agreed_to_unless_harm_goes_first() -> None:
    world = World()
    world.split(3000, share=0.5, stable=0.0, canary=0.02)
    assert world.find().state is LabelState.OPEN
    assert world.find(replace(POLICY, harm_goes_first=True)).state is LabelState.HARM


def test_a_split_that_rises_while_requests_become_harder_is_no_harm() -> None:
    """Pooled, the canary would be wrong in three times as many rows as stable."""
    for seed in range(5):
        world = World(seed)
        world.split(2000, share=0.05, stable=0.02, canary=0.02)
        world.split(2000, share=0.9, stable=0.4, canary=0.4)
        found = world.find()
        assert found.canary.wrong / found.canary.labelled > 2 * found.stable.wrong / found.stable.labelled
        assert found.state is not LabelState.HARM, found


def test_rows_without_a_label_and_rows_too_young_for_one_are_counted_and_not_scored() -> None:
    world = World()
    for _ in range(30):
        world.serve("stable", wrong=1.0)
        world.serve("canary", wrong=0.0)
    for _ in range(4):
        world.serve("stable", wrong=1.0, labelled=0.0)
        world.serve("canary", wrong=1.0, labelled=0.0)
    found = world.find(now=world.seconds + 100)
    assert (found.stable, found.canary) == (ScoredRows(30, 30, 4, 0), ScoredRows(30, 0, 4, 0))
    younger = world.find(now=world.seconds + 100 - 10)
    assert (younger.stable, younger.canary) == (ScoredRows(29, 29, 0, 5), ScoredRows(29, 0, 0, 5))
    assert "8 rows without a label yet; 0 too young" in describe_labels(found)


def test_too_few_labelled_rows_of_either_are_no_data() -> None:
    world = World()
    world.split(2000, share=0.001, stable=0.0, canary=1.0)
    found = world.find()
    assert found.state is LabelState.NO_DATA
    assert f"{found.canary.labelled} labelled rows of the canary and {found.stable.labelled} of stable" in found.text
    assert World().find().state is LabelState.NO_DATA


def test_labels_of_one_revision_more_than_of_the_other_show_nothing() -> None:
    """Somebody labels the canary's answers that look wrong, and every other one of stable's."""
    world = World()
    for _ in range(200):
        world.serve("stable", wrong=0.0, labelled=0.5)
        world.serve("canary", wrong=1.0, labelled=1.0)
    found = world.find()
    assert found.state is LabelState.COVERAGE_DIFFERS
    assert found.worse_at_least is None
    assert found.text.startswith("answers of canary are labelled more often, by ")


def test_labels_that_are_missing_for_younger_answers_alike_are_no_difference_of_coverage() -> None:
    """The canary's answers are younger in the mean, because the split has risen: that alone is no bias."""
    world = World()
    for share, labelled in ((0.05, 1.0), (0.5, 0.3)):
        for _ in range(1000):
            is_canary = world.random.random() < share
            world.serve("canary" if is_canary else "stable", wrong=0.1, labelled=labelled)
    found = world.find()
    assert found.state in {LabelState.OPEN, LabelState.KEPT}, found


def test_a_shadow_pairs_answers_to_the_same_request() -> None:
    world = World()
    for _ in range(100):
        name = world.serve("stable", wrong=0.0)
        world.serve("canary", wrong=0.5, request_id=name)
    found = world.find()
    assert (found.state, found.pairs) == (LabelState.HARM, 100)
    agreement = find_agreement(world.answers, since=0, now=LONG_AGO)
    assert (agreement.requests, agreement.rows, agreement.without_canary) == (100, 100, 0)
    assert agreement.agreed == 100 - found.canary.wrong


def test_a_group_ends_with_the_first_answer_of_the_other_revision_whatever_it_is() -> None:
    """Were the answers of a moment ordered by whether they are right, right ones would end the groups."""
    answers: list[tuple[tuple[float, ...], Role, float]] = [
        ((0.0,), "canary", 0.0),
        ((1.0,), "stable", 1.0),
        ((1.0,), "stable", 0.0),
        ((2.0,), "stable", 1.0),
        ((3.0,), "canary", 1.0),
        ((4.0,), "canary", 1.0),
    ]
    assert side_by_side(answers) == [-1.0, 0.5]


def test_what_comes_later_leaves_what_was_found_alone() -> None:
    """The same prefix of records and labels gives the same pairs, whatever has come since."""
    world = World()
    world.split(600, share=0.3, stable=0.1, canary=0.2)
    before = world.find(now=500.0)
    world.split(600, share=0.3, stable=0.5, canary=0.0)
    assert replace(world.find(now=500.0), stable=before.stable, canary=before.canary) == before


def test_requests_that_the_canary_did_not_answer_are_counted_once_they_are_old_enough() -> None:
    world = World()
    world.serve("stable", wrong=0.0)
    name = world.serve("stable", wrong=0.0)
    world.serve("canary", wrong=0.0, request_id=name)
    assert find_agreement(world.answers, since=0, now=2.9) == ShadowAgreement(1, 1, 1, without_canary=0)
    seen = find_agreement(world.answers, since=0, now=3.0)
    assert seen == ShadowAgreement(1, 1, 1, without_canary=1)
    assert describe_agreement(seen) == (
        "both answered 1 mirrored requests, the same to 100.0% of 1 rows; 1 without the canary's answer"
    )
    assert find_agreement(world.answers, since=2.0, now=9.0) == ShadowAgreement(1, 1, 1, without_canary=0)
    assert ShadowAgreement().agreed_share is None
