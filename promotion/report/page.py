"""The page: a summary, then a chapter for each judgement, with its pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from promotion.errors import PromotionError
from promotion.gate.advisory import AdvisoryEvidence
from promotion.gate.record import EvidenceRecord
from promotion.recorded.agreement import describe_agreement
from promotion.recorded.findings import LABEL_STATE_TEXTS
from promotion.report.advisory_charts import draw_agreement, draw_calibration, draw_drift
from promotion.report.disagreement_charts import draw_course, draw_disagreements, draw_erring_rows
from promotion.report.drawing import drawing_style
from promotion.report.error_charts import draw_error_course, draw_error_spread, draw_growth
from promotion.report.live_chart import draw_live
from promotion.report.live_tables import guardrail_rows
from promotion.report.traffic_chart import TrafficSample, draw_traffic
from promotion.report.verdict_charts import draw_confusion, draw_differences, draw_steps
from promotion.rollout.record import RolloutRecord


class ReportNotWritten(PromotionError):
    """The page cannot be written; whatever was at its path still is."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """One judgement, and the rollout that followed it, if any."""

    heading: str
    evidence: EvidenceRecord
    rollout: RolloutRecord | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A number for the summary."""

    name: str
    value: str


def write_report(
    path: Path,
    title: str,
    chapters: Sequence[Chapter],
    *,
    facts: Sequence[Fact] = (),
    traffic: Sequence[TrafficSample] = (),
    marks: Mapping[str, float] | None = None,
) -> None:
    """Write the page to `path` at once. Can be repeated. Raises ReportNotWritten.

    `traffic` is what clients saw over time, `marks` names moments in it by their seconds; left out, so is the picture.
    """
    environment = Environment(
        loader=PackageLoader("promotion.report", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    with drawing_style():
        page = environment.get_template("report.html").render(
            title=title,
            facts=facts,
            traffic_chart=draw_traffic(traffic, marks or {}) if traffic else "",
            chapters=[_pictured(chapter) for chapter in chapters],
        )
    draft = path.with_suffix(".writing")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(page, encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ReportNotWritten(f"{path} cannot be written: {error.strerror}") from error


def _pictured(chapter: Chapter) -> dict[str, object]:
    evidence, rollout = chapter.evidence, chapter.rollout
    return {
        "heading": chapter.heading,
        "evidence": evidence,
        "rollout": rollout,
        "differences": draw_differences(evidence) if evidence.overall else "",
        "steps": draw_steps(rollout.observations) if rollout and rollout.observations else "",
        "confusion": draw_confusion(evidence.confusion) if evidence.confusion else "",
        "course": draw_course(evidence.advisory.course, evidence) if evidence.advisory.course else "",
        "disagreements": draw_disagreements(evidence.advisory.disagreements),
        **_advised(evidence.advisory),
        **_of_errors(evidence),
        **(_seen_live(rollout) if rollout else {}),
    }


def _of_errors(evidence: EvidenceRecord) -> dict[str, object]:
    """Of regression models."""
    advisory = evidence.advisory
    return {
        "growth": draw_growth([evidence.errors, *evidence.error_slices]) if evidence.errors else "",
        "error_spread": draw_error_spread(advisory.error_spread) if advisory.error_spread else "",
        "error_course": draw_error_course(advisory.error_course, evidence.margin) if advisory.error_course else "",
        "erring": draw_erring_rows(advisory.erring_rows),
    }


def _seen_live(rollout: RolloutRecord) -> dict[str, object]:
    return {
        "live": draw_live(rollout),
        "guardrails": list(guardrail_rows(rollout)),
        "labels": LABEL_STATE_TEXTS[rollout.labels.state] if rollout.labels else "",
        "shadow": describe_agreement(rollout.shadow) if rollout.shadow else "",
    }


def _advised(advisory: AdvisoryEvidence) -> dict[str, object]:
    stable, canary = advisory.stable_calibration, advisory.canary_calibration
    return {
        "agreement": draw_agreement(advisory.agreement) if advisory.agreement else "",
        "calibration": draw_calibration(stable, canary) if stable or canary else "",
        "drift": draw_drift(advisory.drift) if advisory.drift else "",
    }
