"""The evidence record: what scripts read of it, and that it is written at once."""

import json
import threading
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from promotion.evidence.evidence_source import AskedRevision, RunningRevision
from promotion.gate.configuration import policy_digest
from promotion.gate.evidence import PairedAnswers, PairedErrors
from promotion.gate.policy import GatePolicy
from promotion.gate.reasons import ReasonCode
from promotion.gate.record import (
    EvidenceRecord,
    JudgedHoldout,
    RecordNotWritten,
    ReplayFacts,
    build_evidence_record,
    write_evidence,
)
from promotion.gate.verdict import Verdict, decide, decide_by_errors, error_verdict
from promotion.statistics.tango import tango_lower_bound, tango_z
from tests.promotion.gate.paired_answers import Pairs, answers_of

RECORDS = Path(__file__).parent / "records"
KEYS_OF_FORMAT_4 = (
    "advisory alpha b c canary classes confusion error_slices errors format headline holdout judged_at lower_bound "
    "margin n overall policy policy_digest program_version reasons replay rows_needed slices stable verdict z"
)
POLICY = GatePolicy(required_classes=("cat",))
ANSWERS = answers_of({"cat": Pairs(both=400, b=12, c=18, neither=10), "dog": Pairs(both=260)})

ERROR = ReasonCode.PREDICTOR_UNREACHABLE
ASKED = (
    AskedRevision("stable", "HTTP", 23, 0),
    AskedRevision("canary", "gRPC", 23, 2, {"UNAVAILABLE": 2}),
)


def record_of(verdict: Verdict, answers: PairedAnswers | None = ANSWERS) -> EvidenceRecord:
    stable, canary = (
        RunningRevision(role, f"http://127.0.0.1:{port}", "digits", "1", role[0], f"sha256:{port:064}")
        for role, port in (("stable", 8001), ("canary", 8002))
    )
    return build_evidence_record(
        verdict,
        POLICY,
        answers=answers,
        stable=stable,
        canary=canary,
        holdout=JudgedHoldout(name="digits:holdout", digest=f"sha256:{7:064}", rows=700),
        replay=ReplayFacts(requests=46, retried=2, seconds=1.5, asked=ASKED) if answers else None,
        judged_at="2026-11-21T12:00:00Z",
        program_version="0.1.0",
    )


@pytest.fixture
def record() -> EvidenceRecord:
    return record_of(decide(ANSWERS, POLICY))


def as_read_by_a_script(record: EvidenceRecord) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(record.to_json())
    return content


def test_scripts_find_the_numbers_at_the_top(record: EvidenceRecord) -> None:
    content = as_read_by_a_script(record)
    assert [content[key] for key in ("n", "b", "c", "margin", "alpha")] == [700, 12, 18, 0.02, 0.05]
    assert content["z"] == tango_z(12, 18, 700, 0.02)
    assert content["lower_bound"] == tango_lower_bound(12, 18, 700, 0.05)
    assert (content["format"], content["verdict"], content["rows_needed"]) == (4, "PROMOTE", None)
    assert content["headline"] == content["reasons"][0]["text"]
    assert content["reasons"][0]["code"] == "NOT_WORSE_SHOWN"
    assert content["reasons"][0]["numbers"]["n"] == 700


def test_the_verdict_is_bound_to_what_it_names(record: EvidenceRecord) -> None:
    content = as_read_by_a_script(record)
    assert content["stable"]["bundle_digest"] == f"sha256:{8001:064}"
    assert content["canary"]["url"] == "http://127.0.0.1:8002"
    assert content["holdout"] == {"name": "digits:holdout", "digest": f"sha256:{7:064}", "rows": 700}
    assert content["policy"]["required_classes"] == ["cat"]
    assert content["policy_digest"] == policy_digest(POLICY)
    assert content["replay"] == {
        "requests": 46,
        "retried": 2,
        "seconds": 1.5,
        "asked": [
            {"role": "stable", "transport": "HTTP", "requests": 23, "retried": 0, "troubles": {}},
            {"role": "canary", "transport": "gRPC", "requests": 23, "retried": 2, "troubles": {"UNAVAILABLE": 2}},
        ],
    }
    assert (content["judged_at"], content["program_version"]) == ("2026-11-21T12:00:00Z", "0.1.0")


def test_classes_have_a_table_and_matrices(record: EvidenceRecord) -> None:
    content = as_read_by_a_script(record)
    assert [(row["name"], row["n"], row["is_not_worse"]) for row in content["classes"]] == [
        ("cat", 440, True),
        ("dog", 260, True),
    ]
    assert content["confusion"] == {
        "classes": ["cat", "dog"],
        "stable": [[412, 28], [0, 260]],
        "canary": [[418, 22], [0, 260]],
    }


def test_an_error_has_a_record_without_numbers() -> None:
    verdict = error_verdict(ReasonCode.PREDICTOR_UNREACHABLE, "canary http://127.0.0.1:8002: no answer")
    content = as_read_by_a_script(record_of(verdict, answers=None))
    assert (content["verdict"], content["headline"]) == ("ERROR", "canary http://127.0.0.1:8002: no answer")
    assert (content["n"], content["b"], content["c"]) == (0, 0, 0)
    assert all(content[key] is None for key in ("z", "lower_bound", "overall", "confusion", "replay"))


def test_what_is_written_is_read_back_as_it_was(record: EvidenceRecord, tmp_path: Path) -> None:
    path = tmp_path / "evidence" / "1.json"
    write_evidence(record, path)
    assert EvidenceRecord.model_validate_json(path.read_bytes()) == record
    assert path.read_bytes() == record.to_json()
    assert list(path.parent.iterdir()) == [path]


def test_a_reader_never_sees_half_a_record(record: EvidenceRecord, tmp_path: Path) -> None:
    path = tmp_path / "evidence.json"
    write_evidence(record, path)

    def write_again_and_again() -> None:
        for _ in range(100):
            write_evidence(record, path)

    writer = threading.Thread(target=write_again_and_again)
    writer.start()
    try:
        while writer.is_alive():
            assert path.read_bytes() == record.to_json()
    finally:
        writer.join()


def test_a_record_that_cannot_be_written_leaves_nothing_behind(record: EvidenceRecord, tmp_path: Path) -> None:
    path = tmp_path / "evidence.json"
    path.mkdir()
    with pytest.raises(RecordNotWritten, match=r"evidence\.json cannot be written: Is a directory"):
        write_evidence(record, path)
    assert list(tmp_path.iterdir()) == [path]


REGRESSION = decide_by_errors(PairedErrors((1.0,) * 200, (0.9, 1.0) * 100), POLICY)


@pytest.mark.parametrize(
    "stated",
    [record_of(decide(ANSWERS, POLICY)), record_of(REGRESSION, None), record_of(error_verdict(ERROR, "away"), None)],
    ids=["classifier", "regression", "error"],
)
def test_every_record_is_valid_by_the_schema_that_is_published_and_read_back(stated: EvidenceRecord) -> None:
    content = json.loads(stated.to_json())
    schema = EvidenceRecord.model_json_schema()
    jsonschema_rs.validate(schema, content)
    assert EvidenceRecord.model_validate_json(stated.to_json()) == stated
    content["reasons"][0]["code"] = "BECAUSE"
    with pytest.raises(jsonschema_rs.ValidationError):
        jsonschema_rs.validate(schema, content)


def test_a_record_of_another_format_is_refused(record: EvidenceRecord) -> None:
    with pytest.raises(ValueError, match="format"):
        EvidenceRecord.model_validate_json(record.to_json().replace(b'"format": 4', b'"format": 5'))


def test_a_format_keeps_its_keys() -> None:
    """Another key, or one fewer, is another format: older programs refuse what they do not know."""
    assert (EvidenceRecord.model_fields["format"].default, sorted(EvidenceRecord.model_fields)) == (
        4,
        KEYS_OF_FORMAT_4.split(),
    )


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_record_of_an_older_format_is_read(record: EvidenceRecord, version: int) -> None:
    old = EvidenceRecord.model_validate_json((RECORDS / f"format-{version}.json").read_bytes())
    assert old.format == version
    assert (old.advisory.drift is not None) is (version == 2)
    assert old.to_verdict() == record.to_verdict()
    assert old.policy == POLICY
    assert old.policy_digest == policy_digest(POLICY)
