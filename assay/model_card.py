"""A model card, of a bundle alone: what the model is for, what it was measured on, and how sure that is.

What is in a card: Mitchell et al. 2019, "Model Cards for Model Reporting" (doi:10.1145/3287560.3287596).
"""

from dataclasses import dataclass
from math import sqrt
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from scipy.stats import norm

from bundle import Bundle, Manifest, Measured
from promotion.statistics.wilson import wilson_bounds

ALPHA = 0.025
"""On each side: intervals of 95 %."""
_FEW_ROWS = 30
"""Below which a class's own numbers say little."""
_TEMPLATES = Path(__file__).parent / "card"


@dataclass(frozen=True, slots=True)
class Interval:
    """A number that was measured, and the 95 % interval around it."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ClassRow:
    """One class of the table."""

    name: str
    rows: int
    recall: Interval | None
    precision: Interval | None
    """None where there is nothing to count."""


def write_card(bundle: Bundle, form: str) -> str:
    """The card as `markdown` or `html`, which needs no other file."""
    templates = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=select_autoescape(["html"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    manifest = bundle.manifest
    return templates.get_template("card.html" if form == "html" else "card.md").render(
        digest=bundle.digest,
        manifest=manifest,
        size_bytes=len(bundle.model_bytes),
        inputs=_summarised_inputs(manifest),
        metrics=manifest.metrics,
        headline=_headline(manifest),
        classes=_class_rows(manifest),
        confusions=manifest.measured.confusions if manifest.measured else (),
        limits=_limits(manifest),
    )


def _headline(manifest: Manifest) -> tuple[str, Interval] | None:
    """The number that a person looks for first, with its interval."""
    measured = manifest.measured
    if measured is None:
        return None
    if manifest.task == "classification":
        return "accuracy", _share(sum(one.right for one in measured.classes), measured.rows)
    return _mean_error(manifest, measured)


def _mean_error(manifest: Manifest, measured: Measured) -> tuple[str, Interval] | None:
    mean, deviation = manifest.metrics.get("mean_absolute_error"), measured.absolute_error_deviation
    if mean is None or deviation is None:
        return None
    half_width = float(norm.isf(ALPHA)) * deviation / sqrt(measured.rows)
    return "mean absolute error", Interval(mean, max(0.0, mean - half_width), mean + half_width)


def _class_rows(manifest: Manifest) -> list[ClassRow]:
    counts = manifest.measured.classes if manifest.measured else ()
    return [
        ClassRow(
            name,
            one.rows,
            _share(one.right, one.rows) if one.rows else None,
            _share(one.right, one.answered) if one.answered else None,
        )
        for name, one in zip(manifest.classes, counts, strict=False)
    ]


def _share(successes: int, n: int) -> Interval:
    return Interval(successes / n, *wilson_bounds(successes, n, ALPHA))


def _summarised_inputs(manifest: Manifest) -> list[str]:
    """A line for each input; a table of many columns is said in one."""
    shown = [f"{one.name}: {one.datatype} {list(one.shape)}" for one in manifest.inputs[:20]]
    left_out = len(manifest.inputs) - len(shown)
    return [*shown, *([f"and {left_out} more"] if left_out else [])]


def _limits(manifest: Manifest) -> list[str]:
    """What the numbers do not say, as far as a bundle tells."""
    found = [
        "Measured on one holdout: rows that are unlike it, by time, place or people, may be answered worse.",
    ]
    if manifest.lineage is None:
        return ["Not trained here: neither its data nor its metrics are known.", *found[1:]]
    few = [one.name for one in _class_rows(manifest) if one.rows < _FEW_ROWS]
    if few:
        named = ", ".join(few[:10]) + (f" and {len(few) - 10} more" if len(few) > 10 else "")
        found.append(f"Fewer than {_FEW_ROWS} rows of the holdout are of these classes: {named}.")
    if manifest.task == "classification":
        found.append("An input of none of the classes is answered with one of them all the same.")
    if manifest.categories and manifest.unknown_categories == "taken":
        found.append("A category that the training has not seen counts as none of the known ones.")
    if manifest.lineage.commit.endswith("-dirty") or manifest.lineage.commit == "unknown":
        found.append("The code that trained it is no commit, so that the training cannot be repeated for certain.")
    return found
