"""What POST /forward_batch and POST /evaluate answer."""

from collections.abc import Sequence

import orjson
from pydantic import BaseModel, ConfigDict, Field

from predictor.classify.answer import Prediction, predict_classes
from predictor.files.piece import Piece
from predictor.files.scores import score
from predictor.identity import ModelIdentity
from predictor.served_model import Inference


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)

    def to_json(self) -> bytes:
        """The body."""
        return orjson.dumps(self.model_dump(exclude_none=True))


class FilePrediction(Prediction):
    """The class of one row of a file."""

    name: str | None = Field(None, description="of the picture, if it is one")
    true_label: str | None = Field(None, description="what the file says, where it was asked")


class Batch(_Answer):
    """The classes of all rows of a file in its order, and who says so."""

    rows: int
    predictions: list[FilePrediction]
    model: str
    version: str
    revision: str
    bundle_digest: str
    request_id: str


class ClassScores(_Answer):
    """How good the answers are, of one class."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int = Field(description="rows that are of this class")


class Evaluation(Batch):
    """The same, and how good it is."""

    accuracy: float
    macro_f1: float = Field(description="mean of F1 over the classes that occur in the file")
    classes: list[ClassScores]
    confusion_matrix: list[list[int]] = Field(description="rows by true class, columns by answered class")


def name_rows(inference: Inference, piece: Piece, classes: tuple[str, ...]) -> list[FilePrediction]:
    """What the model says of the rows of a piece, in the words of `classes` (names by index)."""
    said = predict_classes(inference, classes)
    names: Sequence[str | None] = piece.names or [None] * len(said)
    labels: Sequence[str | None] = piece.labels or [None] * len(said)
    return [
        FilePrediction(**dict(prediction), name=name, true_label=label)
        for prediction, name, label in zip(said, names, labels, strict=True)
    ]


def batch_answer(predictions: Sequence[FilePrediction], identity: ModelIdentity, request_id: str) -> Batch:
    """The answer to a file."""
    return Batch(
        rows=len(predictions),
        predictions=list(predictions),
        model=identity.model,
        version=identity.version,
        revision=identity.revision,
        bundle_digest=identity.bundle_digest,
        request_id=request_id,
    )


def evaluation(
    predictions: Sequence[FilePrediction], classes: Sequence[str], identity: ModelIdentity, request_id: str
) -> Evaluation:
    """The answer to a file whose predictions have their true labels, all of them among `classes` (names by index)."""
    index_of = {name: index for index, name in enumerate(classes)}
    truth = [index_of[prediction.true_label] for prediction in predictions if prediction.true_label is not None]
    scores = score(truth, [prediction.index for prediction in predictions], len(classes))
    return Evaluation(
        **dict(batch_answer(predictions, identity, request_id)),
        accuracy=scores.accuracy,
        macro_f1=scores.macro_f1,
        classes=[
            ClassScores(label=name, precision=of.precision, recall=of.recall, f1=of.f1, support=of.support)
            for name, of in zip(classes, scores.classes, strict=True)
        ],
        confusion_matrix=scores.confusion_matrix.tolist(),
    )
