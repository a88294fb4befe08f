"""The bundle that is deployed: one that was named, or one that is trained on the embedded data for the occasion."""

from collections.abc import Sequence
from pathlib import Path

from assay.labelled_data import load_rows
from assay.output import say
from bundle import read_bundle

TRAINED = Path("build/bundles")


def choose_bundle(given: Path | None, training: Sequence[str], version: int) -> tuple[Path, str]:
    """Directory and digest of the bundle; `training` is what one is trained on where none is given."""
    if given is not None:
        return given, read_bundle(given).digest
    from training.experiment import run_experiment
    from training.parameters import TrainingParameters
    from training.provenance import find_provenance

    parts = [load_rows(specification) for specification in training]
    parameters = TrainingParameters().numbered(version, version)
    provenance = find_provenance(Path.cwd(), [], None)
    finished = run_experiment(parts, load_rows("digits:holdout"), parameters, provenance, TRAINED, say)
    return finished.bundle.path, finished.bundle.digest
