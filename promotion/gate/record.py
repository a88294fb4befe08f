"""The evidence record: everything that a verdict rests on, as one JSON object that scripts and the report page read.

The verdict is bound to what the record names: the bundle digests of both revisions, the holdout's and the policy's.
"""

import os
import tempfile
from pathlib import Path
from typing import Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import GenerateJsonSchema

from bundle.manifest import DIGEST_PATTERN
from promotion.errors import PromotionError
from promotion.evidence.evidence_source import AskedRevision, RunningRevision
from promotion.gate.advisory import AdvisoryEvidence, agreement_of
from promotion.gate.comparison import Comparison
from promotion.gate.configuration import policy_digest
from promotion.gate.error_comparison import ErrorComparison
from promotion.gate.evidence import PairedAnswers, confusion_matrix
from promotion.gate.outcome import Outcome
from promotion.gate.policy import GatePolicy
from promotion.gate.reasons import Reason
from promotion.gate.verdict import Verdict


class RecordNotWritten(PromotionError):
    """The evidence record cannot be written; whatever was at its path still is."""


class _RecordPart(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class JudgedHoldout(_RecordPart):
    """The labelled rows that both revisions were asked."""

    name: str
    digest: str = Field(pattern=DIGEST_PATTERN)
    rows: int = Field(ge=0)


class ReplayFacts(_RecordPart):
    """What it took to ask them."""

    requests: int = Field(ge=0, description="sent to both revisions, retries among them")
    retried: int = Field(ge=0)
    seconds: float = Field(ge=0)
    asked: tuple[AskedRevision, ...] = Field((), description="by revision, with the reasons of every retry")


class ConfusionMatrices(_RecordPart):
    """Counts of rows by true class (a row of the matrix each) and answered class (a column each), as `classes` go."""

    classes: tuple[str, ...]
    stable: tuple[tuple[int, ...], ...]
    canary: tuple[tuple[int, ...], ...]


FORMAT: Literal[4] = 4


class EvidenceRecord(_RecordPart):
    """The record; `n` to `rows_needed` repeat what scripts read first. Null is what no rows or no answers gave.

    Format 2 added `slices`, `errors`, `advisory` and settings of the policy; format 3 `error_slices`, more of
    `advisory`, `replay.asked`, and null for `b` and `c`; format 4 `policy.looks`. A record without them is read, too.
    """

    model_config = ConfigDict(
        json_schema_extra={"$id": f"urn:assay:evidence:{FORMAT}", "$schema": GenerateJsonSchema.schema_dialect}
    )

    format: Literal[1, 2, 3, 4] = FORMAT
    verdict: Outcome
    headline: str = Field(description="the first reason's text")
    reasons: tuple[Reason, ...] = Field(min_length=1, description="the strongest first")
    n: int = Field(ge=0, description="rows that both revisions answered")
    b: int | None = Field(ge=0, description="rows that only stable has right; null for a regression model")
    c: int | None = Field(ge=0, description="rows that only the canary has right; null for a regression model")
    margin: float = Field(description="of all rows; for a regression model, a share of stable's mean absolute error")
    alpha: float = Field(description="of this look: the policy's, shared by its looks")
    z: float | None
    lower_bound: float | None = Field(description="of accuracy(canary) - accuracy(stable), one-sided at alpha")
    rows_needed: int | None
    overall: Comparison | None
    classes: tuple[Comparison, ...]
    slices: tuple[Comparison, ...] = ()
    errors: ErrorComparison | None = Field(None, description="of a regression model, in place of `overall`")
    error_slices: tuple[ErrorComparison, ...] = Field((), description="of a regression model, in place of `slices`")
    confusion: ConfusionMatrices | None
    advisory: AdvisoryEvidence = Field(AdvisoryEvidence(), description="what takes no part in the verdict")
    stable: RunningRevision = Field(description="what it said of itself; empty texts where it did not answer")
    canary: RunningRevision
    holdout: JudgedHoldout
    policy: GatePolicy
    policy_digest: str = Field(pattern=DIGEST_PATTERN)
    replay: ReplayFacts | None
    judged_at: str = Field(description="ISO 8601, UTC")
    program_version: str

    def to_verdict(self) -> Verdict:
        """The verdict that the record states."""
        return Verdict(
            self.verdict,
            self.reasons,
            self.overall,
            self.classes,
            self.slices,
            self.errors,
            self.error_slices,
            self.rows_needed,
        )

    def to_json(self) -> bytes:
        """The form in which the record is stored and printed, with a line end."""
        return orjson.dumps(self.model_dump(mode="json"), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def build_evidence_record(
    verdict: Verdict,
    policy: GatePolicy,
    *,
    answers: PairedAnswers | None,
    stable: RunningRevision,
    canary: RunningRevision,
    holdout: JudgedHoldout,
    replay: ReplayFacts | None,
    judged_at: str,
    program_version: str,
    advisory: AdvisoryEvidence | None = None,
) -> EvidenceRecord:
    """The record of `verdict`; `answers` and `replay` are None where the evidence could not be gathered.

    Without `advisory` the agreement of `answers` is what is advised.
    """
    overall = verdict.overall
    return EvidenceRecord(
        verdict=verdict.outcome,
        headline=verdict.headline,
        reasons=verdict.reasons,
        n=_rows(verdict),
        b=None if verdict.errors else overall.b if overall else 0,
        c=None if verdict.errors else overall.c if overall else 0,
        margin=verdict.errors.margin if verdict.errors else policy.margin,
        alpha=policy.look_alpha,
        z=overall.z if overall else None,
        lower_bound=overall.lower_bound if overall else None,
        rows_needed=verdict.rows_needed,
        overall=overall,
        classes=verdict.classes,
        slices=verdict.slices,
        errors=verdict.errors,
        error_slices=verdict.error_slices,
        confusion=_confusion(answers) if answers else None,
        advisory=advisory or _advised(answers),
        stable=stable,
        canary=canary,
        holdout=holdout,
        policy=policy,
        policy_digest=policy_digest(policy),
        replay=replay,
        judged_at=judged_at,
        program_version=program_version,
    )


def write_evidence(record: EvidenceRecord, path: Path) -> None:
    """Write the record to `path` at once: a reader sees the old content or all of the new. Can be repeated.

    Makes the directory where there is none. Raises RecordNotWritten.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_at_once(path, record.to_json())
    except OSError as error:
        raise RecordNotWritten(f"{path} cannot be written: {error.strerror}") from error


def replace_at_once(path: Path, content: bytes) -> None:
    """Write `content` to `path`, durably: a reader sees the old content or all of the new. Raises OSError."""
    descriptor, name = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
    draft = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.chmod(0o644)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)  # the rename itself survives a power cut only with its directory
    finally:
        os.close(directory)


def _rows(verdict: Verdict) -> int:
    judged = verdict.overall or verdict.errors
    return judged.n if judged else 0


def _advised(answers: PairedAnswers | None) -> AdvisoryEvidence:
    return AdvisoryEvidence(agreement=agreement_of(answers) if answers else None)


def _confusion(answers: PairedAnswers) -> ConfusionMatrices:
    return ConfusionMatrices(
        classes=answers.classes,
        stable=confusion_matrix(answers.truth, answers.stable_labels, answers.classes),
        canary=confusion_matrix(answers.truth, answers.canary_labels, answers.classes),
    )
