"""Experiments as a terminal shows them."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from training.tracking.experiment import Experiment, ExperimentState

_STYLES = {ExperimentState.FAILED: "red", ExperimentState.CANCELLED: "yellow", ExperimentState.RUNNING: "bold"}
_WHOLE = ("id", "state", "model", "role", "began")
"""Columns that are never broken."""


def show_list(experiments: Sequence[Experiment], aliases: Mapping[str, Mapping[str, str]]) -> RenderableType:
    """A line an experiment; `aliases` are those of each registered model."""
    if not experiments:
        return Text("no experiments yet: assay train … --track URL")
    table = _table("id", "state", "model", "role", "name", "began", "metrics")
    for one in experiments:
        roles = [alias for alias, digest in aliases.get(one.model, {}).items() if digest == one.bundle_digest]
        table.add_row(
            str(one.experiment_id),
            Text(one.state, style=_STYLES.get(one.state, "")),
            _versioned(one),
            ", ".join(roles),
            one.name,
            f"{one.began_at:%m-%d %H:%M}",
            ", ".join(f"{_title(name)} {_number(value)}" for name, value in one.metrics.items()),
        )
    return table


def show_one(experiment: Experiment, files: Sequence[str]) -> Iterator[RenderableType]:
    """All of one experiment."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(no_wrap=True)
    facts.add_column(overflow="fold")
    facts.add_row(f"experiment {experiment.experiment_id}", Text(experiment.state, _STYLES.get(experiment.state, "")))
    told = {
        "name": experiment.name,
        "model": _versioned(experiment),
        "began": f"{experiment.began_at:%Y-%m-%d %H:%M:%S} UTC",
        "ended": f"{experiment.ended_at:%Y-%m-%d %H:%M:%S} UTC" if experiment.ended_at else None,
        "bundle": experiment.bundle_digest,
        "trained on": "\n".join(experiment.training_digests),
        "holdout": experiment.holdout_digest,
        "error": experiment.error,
    }
    for name, value in told.items():
        if value:
            facts.add_row(name, value)
    for name, number in experiment.metrics.items():
        facts.add_row(_title(name), _number(number))
    yield facts
    if experiment.class_metrics:
        yield ""
        classes = _table("class", "rows", "precision", "recall", "F1")
        for name, scores in experiment.class_metrics.items():
            numbers = (f"{scores[one]:.4f}" for one in ("precision", "recall", "f1"))
            classes.add_row(name, str(int(scores["rows"])), *numbers)
        yield classes
    yield ""
    parameters = _table("parameter", "value")
    for name, value in experiment.parameters.items():
        parameters.add_row(name, value)
    yield parameters
    if files:
        yield Text("\nfiles  " + ", ".join(files))


def show_diff(first: Experiment, second: Experiment, paired: str) -> Iterator[RenderableType]:
    """What differs, and what the paired test says."""
    ids = str(first.experiment_id), str(second.experiment_id)
    parameters = _table("parameter", *ids)
    for name, values in differing_parameters(first, second).items():
        parameters.add_row(name, *("-" if value is None else value for value in values))
    yield parameters if parameters.row_count else Text("the same parameters")
    yield ""
    metrics = _table("metric", *ids, "difference")
    for name in sorted(first.metrics.keys() | second.metrics.keys()):
        one, other = first.metrics.get(name), second.metrics.get(name)
        difference = "" if one is None or other is None else f"{other - one:+.4g}"
        metrics.add_row(_title(name), _number(one), _number(other), difference)
    yield metrics
    yield ""
    yield Text(paired)


def differing_parameters(first: Experiment, second: Experiment) -> dict[str, tuple[str | None, str | None]]:
    """By key, the values of both where they differ; the experiment's own number is no choice."""
    keys = sorted((first.parameters.keys() | second.parameters.keys()) - {"experiment.id"})
    pairs = {key: (first.parameters.get(key), second.parameters.get(key)) for key in keys}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="dim")
    for column in columns:
        table.add_column(column, overflow="fold", no_wrap=column in _WHOLE)
    return table


def _versioned(experiment: Experiment) -> str:
    return f"{experiment.model} {experiment.version}" if experiment.version else experiment.model


def _title(name: str) -> str:
    return name.replace("_", " ").replace("macro f1", "macro F1").replace("r2", "R²")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
