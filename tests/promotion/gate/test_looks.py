"""Several looks at ever more rows: together they keep to alpha, which looks with all of alpha each do not."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import norm

from promotion.gate.evidence import PairedAnswers
from promotion.gate.outcome import Outcome
from promotion.gate.policy import GatePolicy
from promotion.gate.verdict import decide
from promotion.statistics.tango import tango_z_values

LOOKS = (400, 800, 1200)
RUNS = 5_000
DOCS = Path(__file__).parents[3] / "docs" / "gate.md"


def simulate() -> tuple[np.ndarray, np.ndarray]:
    """(runs, looks) of b and of c, of canaries that are worse by 2 points, at a disagreement of 6 %."""
    rng = np.random.default_rng(20261130)
    parts = rng.multinomial(400, [0.04, 0.02, 0.94], size=(RUNS, len(LOOKS))).cumsum(axis=1)
    return parts[..., 0], parts[..., 1]


def promoted(policy: GatePolicy) -> float:
    b, c = simulate()
    z = tango_z_values(b, c, np.array(LOOKS), policy.margin)
    return float((z >= norm.isf(policy.look_alpha)).any(axis=1).mean())


def test_all_looks_together_keep_to_alpha_and_that_is_documented() -> None:
    shared, naive = promoted(GatePolicy(looks=3)), promoted(GatePolicy())
    assert shared <= 0.05
    assert naive > 0.08
    text = DOCS.read_text()
    assert f"| alpha 0.05 at each look | {naive:.1%} |".replace("%", " %") in text
    assert f"| `looks: 3` | {shared:.1%} |".replace("%", " %") in text


@pytest.mark.parametrize("looks", [1, 2, 5])
def test_a_look_decides_as_its_share_of_alpha_does(looks: int) -> None:
    """The verdict itself: whatever a share promotes or rejects, the same alpha without looks does, too."""
    rng = np.random.default_rng(7)
    shared, alone = GatePolicy(looks=looks), GatePolicy(alpha=0.05 / looks)
    outcomes = set()
    for wrong in (0.0, 0.02, 0.06, 0.12):
        truth = tuple("ab"[index] for index in rng.integers(0, 2, 1500))
        stable = tuple(label if rng.random() > 0.03 else "c" for label in truth)
        canary = tuple(label if rng.random() > wrong else "c" for label in truth)
        answers = PairedAnswers(truth, stable, canary, ("a", "b", "c"))
        found, expected = decide(answers, shared), decide(answers, alone)
        assert (found.outcome, found.reasons, found.overall) == (expected.outcome, expected.reasons, expected.overall)
        outcomes.add(found.outcome)
    assert {Outcome.PROMOTE, Outcome.REJECT} <= outcomes
