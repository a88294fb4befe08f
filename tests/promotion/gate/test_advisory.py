"""Advisory evidence: what it counts, that it is in the record, and that the page shows it."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from promotion.gate.advisory import AdvisoryEvidence, agreement_of, calibration_of, drift_of
from promotion.gate.record import EvidenceRecord
from promotion.gate.verdict import decide
from promotion.report import Chapter, write_report
from tests.promotion.gate.paired_answers import Pairs, answers_of
from tests.promotion.gate.test_record import ANSWERS, POLICY, record_of

TITLES = ("Where the two differ", "Is it right as often as it says?", "Are live answers spread as on the holdout?")


def complete() -> AdvisoryEvidence:
    generator = np.random.default_rng(2)
    confidence = generator.uniform(0.5, 1, 300)
    right = (generator.random(300) < confidence).tolist()
    calibration = calibration_of(confidence.tolist(), right)
    drift = drift_of(["cat"] * 60 + ["dog"] * 40, Counter(cat=30, dog=40, eel=1), ("dog", "cat"))
    return AdvisoryEvidence(agreement_of(ANSWERS), calibration, calibration, drift)


def test_agreement_counts_answers_whatever_is_true() -> None:
    agreement = agreement_of(answers_of({"cat": Pairs(both=5, b=2, c=1), "dog": Pairs(both=7, b=3)}))
    assert agreement.classes == ("cat", "dog")
    assert agreement.counts == ((5, 2), (4, 7))
    assert agreement.agreed == pytest.approx(12 / 18)
    assert agreement_of(answers_of({"cat": Pairs()})).agreed == 1.0


def test_drift_counts_labels_in_the_order_of_classes_and_unknown_ones_after_them() -> None:
    drift = complete().drift
    assert drift is not None
    assert (drift.classes, drift.holdout, drift.live) == (("dog", "cat", "eel"), (40, 60, 0), (40, 30, 1))
    assert drift.stability_index > 0.1
    assert drift.p_value < 0.05


def test_a_record_has_the_agreement_and_nothing_else_unless_it_is_told() -> None:
    assert record_of(decide(ANSWERS, POLICY)).advisory == AdvisoryEvidence(agreement=agreement_of(ANSWERS))


def test_advisory_evidence_is_read_back_as_it_was() -> None:
    record = record_of(decide(ANSWERS, POLICY)).model_copy(update={"advisory": complete()})
    assert EvidenceRecord.model_validate_json(record.to_json()).advisory == complete()


@pytest.mark.parametrize("shown", [(), (0,), (0, 1, 2)])
def test_the_page_shows_what_is_known(tmp_path: Path, shown: tuple[int, ...]) -> None:
    known = complete()
    if len(shown) < 3:
        known = replace(known, stable_calibration=None, canary_calibration=None, drift=None)
    if not shown:
        known = AdvisoryEvidence()
    record = record_of(decide(ANSWERS, POLICY)).model_copy(update={"advisory": known})
    write_report(tmp_path / "page.html", "Is it?", [Chapter("one", record)])
    page = (tmp_path / "page.html").read_text()
    assert [place for place, title in enumerate(TITLES) if title in page] == list(shown)
    assert page.count("<svg") == 2 + len(shown)
