"""The decision table, row by row: evidence, policy, and the outcome with all of its reasons."""

from dataclasses import replace

import pytest

from promotion.gate.outcome import Outcome
from promotion.gate.policy import GatePolicy
from promotion.gate.reasons import ReasonCode as Code
from promotion.gate.verdict import decide, error_verdict
from tests.promotion.gate.paired_answers import Pairs, answers_of
from tests.promotion.gate.test_slice_verdicts import BY_SLICES

BY_ROWS = GatePolicy(classes_are_judged=False)
BY_CLASS = GatePolicy()
ONE_SMALL_CLASS = {"cat": Pairs(both=940), "dog": Pairs(both=30)}
CAT_IS_REQUIRED = GatePolicy(required_classes=("cat",))
DOG_IS_REQUIRED = GatePolicy(required_classes=("dog",))
ACCURATE = GatePolicy(minimum_accuracy=0.9, classes_are_judged=False)

Table = list[tuple[str, dict[str, Pairs], GatePolicy, Outcome, list[Code]]]

ON_ALL_ROWS: Table = [
    ("no rows", {"cat": Pairs()}, BY_ROWS, Outcome.INCONCLUSIVE, [Code.NO_EVIDENCE]),
    ("equal on enough rows", {"cat": Pairs(both=149)}, BY_ROWS, Outcome.PROMOTE, [Code.NOT_WORSE_SHOWN]),
    ("equal on a row too few", {"cat": Pairs(both=148)}, BY_ROWS, Outcome.INCONCLUSIVE, [Code.TOO_FEW_ROWS]),
    (
        "better on 40 rows, as the bare test would promote",
        {"cat": Pairs(both=37, c=3)},
        BY_ROWS,
        Outcome.INCONCLUSIVE,
        [Code.TOO_FEW_ROWS],
    ),
    (
        "somewhat worse, neither shown",
        {"cat": Pairs(both=470, b=18, c=12)},
        BY_ROWS,
        Outcome.INCONCLUSIVE,
        [Code.NOT_WORSE_NOT_SHOWN],
    ),
    ("worse on enough rows", {"cat": Pairs(both=440, b=50, c=10)}, BY_ROWS, Outcome.REJECT, [Code.HARM_SHOWN]),
    ("worse on 40 rows", {"cat": Pairs(both=30, b=10)}, BY_ROWS, Outcome.REJECT, [Code.HARM_SHOWN]),
    (
        "worse, but within the margin",
        {"cat": Pairs(both=9800, b=130, c=70)},
        BY_ROWS,
        Outcome.PROMOTE,
        [Code.NOT_WORSE_SHOWN, Code.WORSE_WITHIN_MARGIN],
    ),
]

WITH_CLASSES: Table = [
    (
        "every class shown",
        {"cat": Pairs(both=500), "dog": Pairs(both=500)},
        BY_CLASS,
        Outcome.PROMOTE,
        [Code.NOT_WORSE_SHOWN],
    ),
    (
        "a small class is a warning",
        ONE_SMALL_CLASS,
        CAT_IS_REQUIRED,
        Outcome.PROMOTE,
        [Code.NOT_WORSE_SHOWN, Code.CLASS_NOT_ASSESSABLE],
    ),
    (
        "a small class that is required",
        ONE_SMALL_CLASS,
        DOG_IS_REQUIRED,
        Outcome.INCONCLUSIVE,
        [Code.REQUIRED_CLASS_NOT_ASSESSABLE],
    ),
    (
        "a class without rows is a warning",
        {"cat": Pairs(both=500), "dog": Pairs()},
        BY_CLASS,
        Outcome.PROMOTE,
        [Code.NOT_WORSE_SHOWN, Code.CLASS_NOT_ASSESSABLE],
    ),
    (
        "a required class that nobody knows",
        {"cat": Pairs(both=500), "eel": Pairs(both=500)},
        DOG_IS_REQUIRED,
        Outcome.INCONCLUSIVE,
        [Code.REQUIRED_CLASS_NOT_ASSESSABLE],
    ),
    (
        "a class not shown",
        {"cat": Pairs(both=3000), "dog": Pairs(both=94, b=4, c=2)},
        BY_CLASS,
        Outcome.INCONCLUSIVE,
        [Code.CLASS_NOT_WORSE_NOT_SHOWN],
    ),
    (
        "harm in a class that all rows hide",
        {"cat": Pairs(both=3000), "dog": Pairs(both=85, b=15), "eel": Pairs(both=85, c=15)},
        BY_CLASS,
        Outcome.REJECT,
        [Code.CLASS_HARM_SHOWN],
    ),
    (
        "harm in a class below its floor that all rows hide",
        {"cat": Pairs(both=3000, c=30), "dog": Pairs(both=20, b=10)},
        BY_CLASS,
        Outcome.REJECT,
        [Code.CLASS_HARM_SHOWN],
    ),
    (
        "harm in a class that Holm does not find among three",
        {"cat": Pairs(both=1000), "dog": Pairs(both=995, b=5), "eel": Pairs(both=1000)},
        BY_CLASS,
        Outcome.PROMOTE,
        [Code.NOT_WORSE_SHOWN, Code.WORSE_WITHIN_MARGIN],
    ),
    (
        "harm in a class within its margin",
        {"cat": Pairs(both=3000, c=20), "dog": Pairs(both=980, b=20)},
        BY_CLASS,
        Outcome.PROMOTE,
        [Code.NOT_WORSE_SHOWN, Code.CLASS_WORSE_WITHIN_MARGIN],
    ),
    (
        "worse within the margin, but a class is not shown",
        {"cat": Pairs(both=9700, b=130, c=70), "dog": Pairs(both=94, b=4, c=2)},
        BY_CLASS,
        Outcome.INCONCLUSIVE,
        [Code.CLASS_NOT_WORSE_NOT_SHOWN, Code.WORSE_WITHIN_MARGIN, Code.CLASS_WORSE_WITHIN_MARGIN],
    ),
    (
        "all at once, the strongest first",
        {"cat": Pairs(both=100, b=60), "dog": Pairs(both=94, b=4, c=2), "eel": Pairs(both=10), "fox": Pairs(both=100)},
        GatePolicy(minimum_accuracy=0.9, required_classes=("eel",)),
        Outcome.REJECT,
        [
            Code.HARM_SHOWN,
            Code.CLASS_HARM_SHOWN,
            Code.BELOW_ACCURACY_FLOOR,
            Code.CLASS_NOT_WORSE_NOT_SHOWN,
            Code.REQUIRED_CLASS_NOT_ASSESSABLE,
        ],
    ),
]

WITH_A_MINIMUM: Table = [
    ("accurate enough", {"cat": Pairs(both=950, neither=50)}, ACCURATE, Outcome.PROMOTE, [Code.NOT_WORSE_SHOWN]),
    (
        "perhaps accurate enough",
        {"cat": Pairs(both=905, neither=95)},
        ACCURATE,
        Outcome.INCONCLUSIVE,
        [Code.ACCURACY_FLOOR_NOT_SHOWN],
    ),
    (
        "as inaccurate as stable",
        {"cat": Pairs(both=800, neither=200)},
        ACCURATE,
        Outcome.REJECT,
        [Code.BELOW_ACCURACY_FLOOR],
    ),
    (
        "worse within the margin, perhaps accurate enough",
        {"cat": Pairs(both=8955, b=130, c=70, neither=845)},
        ACCURATE,
        Outcome.INCONCLUSIVE,
        [Code.ACCURACY_FLOOR_NOT_SHOWN, Code.WORSE_WITHIN_MARGIN],
    ),
]

HARM_FIRST: Table = [
    (
        "worse within the margin",
        {"cat": Pairs(both=9800, b=130, c=70)},
        replace(BY_ROWS, harm_goes_first=True),
        Outcome.REJECT,
        [Code.HARM_SHOWN],
    ),
    (
        "harm in a class within its margin",
        {"cat": Pairs(both=3000, c=20), "dog": Pairs(both=980, b=20)},
        replace(BY_CLASS, harm_goes_first=True),
        Outcome.REJECT,
        [Code.CLASS_HARM_SHOWN],
    ),
    (
        "no harm",
        {"cat": Pairs(both=500), "dog": Pairs(both=500)},
        replace(BY_CLASS, harm_goes_first=True),
        Outcome.PROMOTE,
        [Code.NOT_WORSE_SHOWN],
    ),
]

TABLE = ON_ALL_ROWS + WITH_CLASSES + WITH_A_MINIMUM + HARM_FIRST


@pytest.mark.parametrize(
    ("pairs", "policy", "outcome", "codes"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_the_table_gives(pairs: dict[str, Pairs], policy: GatePolicy, outcome: Outcome, codes: list[Code]) -> None:
    verdict = decide(answers_of(pairs), policy)
    assert (verdict.outcome, [reason.code for reason in verdict.reasons]) == (outcome, codes)


def test_the_table_has_every_reason() -> None:
    errors = {Code.PREDICTOR_UNREACHABLE, Code.ANSWER_REFUSED, Code.DIGEST_CHANGED}
    found = {code for row in TABLE for code in row[4]} | {code for row in BY_SLICES for code in row[5]}
    assert found == set(Code) - errors


def test_exit_codes_are_as_scripts_know_them() -> None:
    assert {outcome: outcome.exit_code for outcome in Outcome} == {
        Outcome.PROMOTE: 0,
        Outcome.REJECT: 10,
        Outcome.INCONCLUSIVE: 11,
        Outcome.ERROR: 12,
    }


@pytest.mark.parametrize("code", [Code.PREDICTOR_UNREACHABLE, Code.ANSWER_REFUSED, Code.DIGEST_CHANGED])
def test_evidence_that_could_not_be_gathered_is_an_error(code: Code) -> None:
    verdict = error_verdict(code, "canary http://127.0.0.1:9: no answer")
    assert verdict.outcome is Outcome.ERROR
    assert verdict.headline == "canary http://127.0.0.1:9: no answer"
    assert (verdict.overall, verdict.classes, verdict.rows_needed) == (None, (), None)


def test_an_error_needs_the_code_of_an_error() -> None:
    with pytest.raises(ValueError, match="HARM_SHOWN argues for REJECT"):
        error_verdict(Code.HARM_SHOWN, "no")
