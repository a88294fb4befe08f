"""What can stop a training.

TrainingError
├── ParametersNotUsable   params.yaml is malformed, or names an estimator that cannot be had
├── DataNotUsable         the rows cannot be learned from, or the holdout is among them
├── ParityNotReached      ONNX Runtime does not answer what scikit-learn answers
├── StageFilesNotUsable   what one stage leaves for the next is missing, was changed, or cannot be written
└── TrackingError         the store of experiments
    ├── TrackingNotUsable    it is away, or cannot be had
    ├── ExperimentNotFound   it has no experiment of this id
    ├── ExperimentEnded      the experiment has ended, and nothing can be added
    └── ExperimentsNotComparable    two were not measured on the same rows
"""


class TrainingError(Exception):
    """Base of everything that this package raises; its text is one line for a person."""


class ParametersNotUsable(TrainingError):
    """The parameters are malformed, or name an estimator that cannot be had."""


class DataNotUsable(TrainingError):
    """The rows cannot be learned from, or the holdout is among them."""


class ParityNotReached(TrainingError):
    """The exported graph does not answer what the estimator answers."""


class StageFilesNotUsable(TrainingError):
    """What one stage leaves for the next is missing, was changed, or cannot be written."""


class TrackingError(TrainingError):
    """Something is wrong with the store of experiments, or with what it is asked for."""


class TrackingNotUsable(TrackingError):
    """The store is away, or cannot be had."""


class ExperimentNotFound(TrackingError):
    """The store has no experiment of this id, or no such file of it."""


class ExperimentEnded(TrackingError):
    """The experiment has ended, and nothing can be added to it."""


class ExperimentsNotComparable(TrackingError):
    """Two experiments were not measured on the same rows, or not in the same way."""


def first_line(error: Exception) -> str:
    """What a library says went wrong, without the advice that some put below it."""
    return str(error).partition("\n")[0].strip() or type(error).__name__
