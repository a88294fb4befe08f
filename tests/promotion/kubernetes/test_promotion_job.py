"""Whether another pod follows, as a Job's own words have it."""

from typing import Any

import pytest

from promotion.kubernetes.promotion_job import end_of


def job(*conditions: dict[str, str], **metadata: str) -> dict[str, Any]:
    return {"metadata": metadata, "status": {"conditions": list(conditions)} if conditions else {}}


def condition(kind: str, status: str = "True") -> dict[str, str]:
    return {"type": kind, "status": status, "reason": f"Why{kind}"}


@pytest.mark.parametrize("found", [job(), job(condition("Failed", "False")), job(condition("Suspended"))], ids=str)
def test_a_job_that_has_not_ended_starts_another_pod(found: dict[str, Any]) -> None:
    assert end_of(found) is None


@pytest.mark.parametrize("kind", ["FailureTarget", "Failed", "SuccessCriteriaMet", "Complete"])
def test_a_job_that_has_ended_says_why(kind: str) -> None:
    assert end_of(job(condition("Suspended", "False"), condition(kind))) == f"Why{kind}"


def test_a_job_that_is_gone_or_goes_starts_nothing() -> None:
    assert end_of(None) == end_of(job(deletionTimestamp="2026-11-21T12:00:00Z")) == "it is deleted"
