"""What POST /classify answers."""

import heapq
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from predictor.served_model import Inference


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True)


class RankedClass(_Answer):
    """One of the best classes of a row."""

    label: str
    index: int
    probability: float


class Prediction(_Answer):
    """The class of one row."""

    label: str = Field(description="name of the class")
    index: int = Field(description="index of the class in the model's list of classes")
    probability: float = Field(description="of this class")
    probabilities: dict[str, float] | None = Field(None, description="of every class by name, when asked for")
    top: list[RankedClass] | None = Field(None, description="the best classes, best first, where the door has them")


class PredictedValue(_Answer):
    """What a regression predicts for one row."""

    value: float


class Classification(_Answer):
    """The classes of all rows in the order given, or a regression's values, and who says so."""

    predictions: list[Prediction] | list[PredictedValue]
    model: str
    version: str
    revision: str
    bundle_digest: str
    request_id: str

    def to_json(self, *, is_single: bool) -> bytes:
        """The body. The prediction of a single row stands at the top level, too: there is nothing to choose from."""
        fields = self.model_dump(exclude_none=True)
        return orjson.dumps({**fields["predictions"][0], **fields} if is_single else fields)


def classification(
    inference: Inference,
    classes: tuple[str, ...],
    *,
    request_id: str,
    with_probabilities: bool,
    top_classes: int | None = None,
) -> Classification:
    """The answer to an inference, in the words of `classes` (names by index); a regression has none."""
    predictions = (
        _values(inference)
        if len(inference.numbers)
        else predict_classes(inference, classes, with_probabilities=with_probabilities, top_classes=top_classes)
    )
    identity = inference.identity
    return Classification(
        predictions=predictions,
        model=identity.model,
        version=identity.version,
        revision=identity.revision,
        bundle_digest=identity.bundle_digest,
        request_id=request_id,
    )


def _rank(row: list[float], classes: tuple[str, ...], count: int) -> list[RankedClass]:
    best = heapq.nlargest(count, range(len(row)), key=row.__getitem__)  # of equal ones the first
    return [RankedClass(label=classes[index], index=index, probability=row[index]) for index in best]


def predict_classes(
    inference: Inference, classes: tuple[str, ...], *, with_probabilities: bool = False, top_classes: int | None = None
) -> list[Prediction]:
    """The class of each row, in the words of `classes` (names by index)."""
    return [
        Prediction(
            label=classes[index],
            index=index,
            probability=row[index],
            probabilities=dict(zip(classes, row, strict=True)) if with_probabilities else None,
            top=_rank(row, classes, top_classes) if top_classes else None,
        )
        for index, row in zip(inference.class_indices.tolist(), _shortest(inference.probabilities), strict=True)
    ]


def _values(inference: Inference) -> list[PredictedValue]:
    return [PredictedValue(value=value) for value in _shortest(inference.numbers)]


def _shortest(numbers: NDArray[Any]) -> list[Any]:
    """Through JSON a FP32 becomes the shortest number that means it: 0.98, and not 0.9800000190734863."""
    written: list[Any] = orjson.loads(orjson.dumps(np.ascontiguousarray(numbers), option=orjson.OPT_SERIALIZE_NUMPY))
    return written
