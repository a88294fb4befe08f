"""A verdict on a terminal."""

from pathlib import Path

from promotion.gate.policy import GatePolicy
from promotion.gate.reasons import ReasonCode
from promotion.gate.verdict import decide, error_verdict
from promotion.gate.verdict_text import describe_verdict
from tests.promotion.gate.paired_answers import Pairs, answers_of

TOLD_IN_FULL = """\
REJECT: the canary is worse by about 1.7 points: \
of 1560 rows it loses 38 that stable has right and gains 12 (p = 0.00015)

n = 1560 rows, b = 38 (only stable is right), c = 12 (only the canary is right)
accuracy: stable 0.9795, canary 0.9628, difference -0.0167
not worse: Z = 0.719, at least 1.645 is needed; lower bound -0.0246, margin -0.0200
harm: p = 0.000153

class          n   b  c  stable  canary  difference      Z  lower bound  margin   harm p
ankle boot   400   2  8   0.955   0.970      +0.015   5.01       +0.002  -0.050     0.99  not worse
bag         1000  20  0   0.990   0.970      -0.020   4.35       -0.029  -0.050  9.5e-07  worse, but within margin
coat         100   6  4   0.960   0.940      -0.020   0.91       -0.078  -0.050     0.38  not shown
dress         30  10  0   1.000   0.667      -0.333  -2.85       -0.483  -0.050  0.00098  harmed
hat           30   0  0   1.000   1.000      +0.000   1.26       -0.083  -0.050        1  too few rows (of 59)

- CLASS_HARM_SHOWN: class dress: the canary is worse by about 33 points: \
of 30 rows it loses 10 that stable has right and gains 0 (p = 0.00098)
- CLASS_NOT_WORSE_NOT_SHOWN: class coat: 100 rows do not show a margin of 0.05: \
the lower bound is -0.0783; about 343 are needed for the disagreement seen (10 %)
- CLASS_WORSE_WITHIN_MARGIN: class bag: the canary is worse by about 2 points (p = 9.5e-07), within the margin of 0.05
- CLASS_NOT_ASSESSABLE: too few rows to show a margin of 0.05, which takes at least 59: class hat (30)"""


def test_a_verdict_is_told_in_full() -> None:
    pairs = {
        "ankle boot": Pairs(both=380, b=2, c=8, neither=10),
        "bag": Pairs(both=970, b=20, neither=10),
        "coat": Pairs(both=90, b=6, c=4),
        "dress": Pairs(both=20, b=10),
        "hat": Pairs(both=30),
    }
    assert "\n".join(describe_verdict(decide(answers_of(pairs), GatePolicy()))) == TOLD_IN_FULL


def test_a_verdict_without_rows_is_told_in_short() -> None:
    assert describe_verdict(decide(answers_of({"cat": Pairs()}), GatePolicy())) == (
        "INCONCLUSIVE: there are no rows; at least 149 are needed to show a margin of 0.02",
        "",
        "rows of the data set that would decide: about 149",
    )


def test_an_error_is_told_in_a_line() -> None:
    verdict = error_verdict(ReasonCode.ANSWER_REFUSED, "canary http://127.0.0.1:8002: status 500")
    assert describe_verdict(verdict) == ("ERROR: canary http://127.0.0.1:8002: status 500",)


def test_every_code_is_explained_to_whoever_operates_the_gate() -> None:
    """In a row of the table of codes, with what to do."""
    explained = (Path(__file__).parents[3] / "docs" / "gate.md").read_text()
    rows = [line for line in explained.splitlines() if line.startswith("| `")]
    assert [code for code in ReasonCode if not any(f"`{code}`" in row and row.count(" | ") == 2 for row in rows)] == []
