"""An experiment that was trained elsewhere, by DVC or `assay train`, and tracked in the console's own store."""

from collections.abc import Mapping
from typing import Any

import orjson

from bundle import Bundle
from console.errors import Refused
from console.experiments import Experiment, Experiments, ExperimentState
from training.tracking.experiment import Experiment as TrackedExperiment


def adopt(experiments: Experiments, experiment_id: int, by: str) -> tuple[Experiment, bool]:
    """Know it as one of this console's, with its bundle, and whether it was not known before. Can be repeated.

    Raises NotFound; Refused where it has not finished, or was measured on another holdout than the pinned one: then
    nobody knows whether it has learned from rows of that. Raises BundleError, TrackingNotUsable.
    """
    if (known := experiments.known(experiment_id)) is not None:
        return known, False
    tracked, bundle = experiments.tracking.fetch(experiment_id, experiments.bundles.directory)
    adopted = _adopted(tracked, bundle, by)
    pinned = experiments.data.holdouts.pinned()
    if pinned is None or pinned.digest != adopted.holdout.digest:
        raise Refused(
            f"experiment {experiment_id} was measured on {adopted.holdout.name}, {adopted.holdout.digest}: it may have "
            "learned from rows of the holdout here; expected one that was measured on the pinned holdout"
        )
    return experiments.keep(adopted), True


def _adopted(tracked: TrackedExperiment, bundle: Bundle, by: str) -> Experiment:
    manifest, lineage = bundle.manifest, bundle.manifest.lineage
    if lineage is None or tracked.ended_at is None:
        raise Refused(f"experiment {tracked.experiment_id}: its bundle does not say what it was trained on")
    return Experiment(
        experiment_id=tracked.experiment_id,
        name=tracked.name,
        model=manifest.model,
        version=manifest.version,
        state=ExperimentState.FINISHED,
        parameters=_nested(tracked.parameters),
        training_data=lineage.training_data,
        holdout=lineage.holdout,
        by=by,
        began_at=tracked.began_at.isoformat(timespec="milliseconds"),
        run=tracked.run,
        ended_at=tracked.ended_at.isoformat(timespec="milliseconds"),
        bundle_digest=bundle.digest,
        metrics={"rows": float(lineage.holdout.rows), **manifest.metrics},
    )


def _nested(parameters: Mapping[str, str]) -> dict[str, Any]:
    """As params.yaml has them, of values by dotted key that are JSON, or a text as it is."""
    found: dict[str, Any] = {}
    for key, text in parameters.items():
        *before, name = key.split(".")
        place = found
        for part in before:
            place = place.setdefault(part, {})
        try:
            place[name] = orjson.loads(text)
        except orjson.JSONDecodeError:
            place[name] = text
    return found
