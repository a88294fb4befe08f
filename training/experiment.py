"""One training run, from labelled rows to a written bundle.

extract_data -> train_model -> export -> parity -> inference_model -> bundle. What stops it leaves nothing behind.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bundle import Bundle, DataReference, Lineage, Manifest, write_bundle
from dataset import LabelledRows
from training.export import describe, export_graph, output_signature, to_bytes
from training.extract_data import extract_data
from training.graph_inputs import input_signature
from training.image_form import image_form
from training.inference_model import HoldoutMetrics, RegressionMetrics, inference_model
from training.parameters import TrainingParameters
from training.parity import Parity, check_parity
from training.provenance import Provenance
from training.train_model import train_model


@dataclass(frozen=True, slots=True)
class FinishedExperiment:
    """What a training run gives."""

    bundle: Bundle
    metrics: HoldoutMetrics | RegressionMetrics
    parity: Parity


def run_experiment(
    parts: Sequence[LabelledRows],
    holdout: LabelledRows,
    parameters: TrainingParameters,
    provenance: Provenance,
    directory: Path,
    report: Callable[[str], None],
) -> FinishedExperiment:
    """Train on `parts`, evaluate on `holdout`, write the bundle below `directory`; `report` is told of each stage.

    The same arguments give the same bundle digest. Raises TrainingError, DatasetError, BundleError; then nothing was
    written.
    """
    rows = extract_data(parts, holdout, parameters.task)
    report(f"training {parameters.estimator.import_path} on {len(rows)} rows of {rows.name}")
    pipeline = train_model(rows, parameters)
    report("exporting to ONNX")
    graph = export_graph(pipeline, rows)
    bare_model = to_bytes(graph, {})
    parity = check_parity(pipeline, bare_model, holdout, parameters.parity.tolerance)
    what = "probabilities" if parameters.task == "classification" else "values"
    report(f"parity on {parity.rows} rows: {what} differ by {parity.largest_difference:.1e} at most")
    manifest = _manifest(rows, parts, holdout, parameters, provenance)
    metrics = inference_model(bare_model, manifest, holdout)
    report(f"{metrics.text} on {metrics.rows} holdout rows")
    model_bytes = to_bytes(graph, describe(rows, parameters, provenance, metrics.summary()))
    measured = manifest.model_copy(update={"metrics": metrics.summary()})
    return FinishedExperiment(write_bundle(directory, measured, model_bytes), metrics, parity)


def _manifest(
    rows: LabelledRows,
    parts: Sequence[LabelledRows],
    holdout: LabelledRows,
    parameters: TrainingParameters,
    provenance: Provenance,
) -> Manifest:
    return Manifest(
        model=parameters.model.name,
        version=parameters.model.version,
        task=parameters.task,
        inputs=input_signature(rows),
        outputs=output_signature(rows, parameters),
        feature_names=rows.feature_names,
        categories=dict(rows.categories),
        classes=rows.classes if parameters.task == "classification" else (),
        metrics={},
        lineage=Lineage(
            training_data=tuple(_reference(part) for part in parts),
            holdout=_reference(holdout),
            parameters_digest=parameters.digest(),
            seed=parameters.seed,
            commit=provenance.commit,
            experiment_name=parameters.experiment.name,
            experiment_id=parameters.experiment.id,
        ),
        image=image_form(rows),
        files={},
    )


def _reference(rows: LabelledRows) -> DataReference:
    return DataReference(name=rows.name, digest=rows.digest, rows=len(rows))
