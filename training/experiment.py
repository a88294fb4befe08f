"""One training run, from labelled rows to a written bundle, in three stages.

extract_data -> train_model, export, parity -> inference_model, bundle. What stops it leaves nothing behind. The stages
are run one after the other here, or each by a command of its own, with files between them (stage_files.py).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx

from bundle import Bundle, DataReference, Lineage, Manifest, write_bundle
from dataset import LabelledRows
from training.epochs import EpochScores, epoch_scores
from training.export import describe, export_graph, output_signature, to_bytes
from training.extract_data import extract_data
from training.graph_inputs import input_signature
from training.holdout_answers import HoldoutAnswers, answer_holdout
from training.holdout_counts import count_answers
from training.image_form import image_form
from training.inference_model import HoldoutMetrics, RegressionMetrics, inference_model
from training.parameters import TrainingParameters
from training.parity import Parity, check_parity
from training.provenance import Provenance
from training.train_model import train_model

Report = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class ExtractedData:
    """What the first stage gives: no row of the holdout is among the training rows."""

    rows: LabelledRows
    parts: tuple[DataReference, ...]
    """Of which `rows` are made."""
    holdout: LabelledRows


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """What the second stage gives: a graph that answers as the estimator does."""

    graph: bytes
    """ONNX, without a description."""
    parity: Parity
    epochs: EpochScores


@dataclass(frozen=True, slots=True)
class FinishedExperiment:
    """What a training run gives."""

    bundle: Bundle
    metrics: HoldoutMetrics | RegressionMetrics
    answers: HoldoutAnswers
    holdout: LabelledRows
    parity: Parity
    epochs: EpochScores


def run_experiment(
    parts: Sequence[LabelledRows],
    holdout: LabelledRows,
    parameters: TrainingParameters,
    provenance: Provenance,
    directory: Path,
    report: Report,
) -> FinishedExperiment:
    """Train on `parts`, evaluate on `holdout`, write the bundle below `directory`; `report` is told of each stage.

    The same arguments give the same bundle digest. Raises TrainingError, DatasetError, BundleError; then nothing was
    written.
    """
    data = run_extract_data(parts, holdout, parameters)
    model = run_train_model(data, parameters, report)
    return run_inference_model(data, model, parameters, provenance, directory, report)


def run_extract_data(
    parts: Sequence[LabelledRows], holdout: LabelledRows, parameters: TrainingParameters
) -> ExtractedData:
    """The first stage. Raises DataNotUsable, DatasetMalformed."""
    rows = extract_data(parts, holdout, parameters.task)
    return ExtractedData(rows, tuple(describe_rows(part) for part in parts), holdout)


def run_train_model(data: ExtractedData, parameters: TrainingParameters, report: Report) -> TrainedModel:
    """The second stage. Raises TrainingError."""
    rows = data.rows
    report(f"training {parameters.estimator.import_path} on {len(rows)} rows of {rows.name}")
    pipeline = train_model(rows, parameters)
    report("exporting to ONNX")
    graph = to_bytes(export_graph(pipeline, rows), {})
    parity = check_parity(pipeline, graph, data.holdout, parameters.parity.tolerance)
    what = "probabilities" if parameters.task == "classification" else "values"
    report(f"parity on {parity.rows} rows: {what} differ by {parity.largest_difference:.1e} at most")
    return TrainedModel(graph, parity, epoch_scores(pipeline))


def run_inference_model(
    data: ExtractedData,
    model: TrainedModel,
    parameters: TrainingParameters,
    provenance: Provenance,
    directory: Path,
    report: Report,
) -> FinishedExperiment:
    """The third stage: the bundle is written below `directory`. Raises TrainingError, DatasetError, BundleError."""
    manifest = _manifest(data, parameters, provenance)
    answers = answer_holdout(model.graph, manifest, data.holdout)
    metrics = inference_model(answers)
    report(f"{metrics.text} on {metrics.rows} holdout rows")
    described = describe(data.rows, parameters, provenance, metrics.summary())
    scored = manifest.model_copy(update={"metrics": metrics.summary(), "measured": count_answers(answers)})
    bundle = write_bundle(directory, scored, to_bytes(onnx.load_model_from_string(model.graph), described))
    return FinishedExperiment(bundle, metrics, answers, data.holdout, model.parity, model.epochs)


def _manifest(data: ExtractedData, parameters: TrainingParameters, provenance: Provenance) -> Manifest:
    rows = data.rows
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
            training_data=data.parts,
            holdout=describe_rows(data.holdout),
            parameters_digest=parameters.digest(),
            seed=parameters.seed,
            commit=provenance.commit,
            experiment_name=parameters.experiment.name,
            experiment_id=parameters.experiment.id,
        ),
        image=image_form(rows),
        files={},
    )


def describe_rows(rows: LabelledRows) -> DataReference:
    """How a bundle's lineage names rows."""
    return DataReference(name=rows.name, digest=rows.digest, rows=len(rows))
