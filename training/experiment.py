"""One training run, from labelled rows to a written bundle.

extract_data -> train_model -> export -> parity -> inference_model -> bundle. What stops it leaves nothing behind.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bundle import Bundle, DataReference, Lineage, Manifest, write_bundle
from dataset import LabelledRows
from training.export import describe, export_graph, signature, to_bytes
from training.extract_data import extract_data
from training.image_form import image_form
from training.inference_model import HoldoutMetrics, inference_model
from training.parameters import TrainingParameters
from training.parity import Parity, check_parity
from training.provenance import Provenance
from training.train_model import train_model


@dataclass(frozen=True, slots=True)
class FinishedExperiment:
    """What a training run gives."""

    bundle: Bundle
    metrics: HoldoutMetrics
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
    rows = extract_data(parts, holdout)
    report(f"training {parameters.estimator.import_path} on {len(rows)} rows of {rows.name}")
    pipeline = train_model(rows, parameters)
    report("exporting to ONNX")
    graph = export_graph(pipeline, len(rows.feature_names))
    bare_model = to_bytes(graph, {})
    parity = check_parity(pipeline, bare_model, holdout, parameters.parity.tolerance)
    report(f"parity on {parity.rows} rows: probabilities differ by {parity.largest_difference:.1e} at most")
    metrics = inference_model(bare_model, rows.feature_names, rows.classes, holdout)
    report(f"accuracy {metrics.accuracy:.4f}, macro F1 {metrics.macro_f1:.4f} on {metrics.rows} holdout rows")
    model_bytes = to_bytes(graph, describe(rows, parameters, provenance, metrics.summary()))
    manifest = _manifest(rows, parts, holdout, parameters, provenance, metrics)
    return FinishedExperiment(write_bundle(directory, manifest, model_bytes), metrics, parity)


def _manifest(
    rows: LabelledRows,
    parts: Sequence[LabelledRows],
    holdout: LabelledRows,
    parameters: TrainingParameters,
    provenance: Provenance,
    metrics: HoldoutMetrics,
) -> Manifest:
    inputs, outputs = signature(len(rows.feature_names), len(rows.classes))
    return Manifest(
        model=parameters.model.name,
        version=parameters.model.version,
        inputs=inputs,
        outputs=outputs,
        feature_names=rows.feature_names,
        classes=rows.classes,
        metrics=metrics.summary(),
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
