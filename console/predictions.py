"""Looks at what was answered: a page at a time, or one prediction with what was asked."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from open_inference.binary_data import decode_binary
from records.database import Database
from records.prediction_search import PredictionPage, PredictionsWanted, find_predictions, read_prediction
from records.prediction_writer import PredictionRow

EVERYTHING = PredictionsWanted()


@dataclass(frozen=True, slots=True)
class SeenPrediction:
    """A prediction, with its tensors as lists of one row's values."""

    prediction: PredictionRow
    inputs: Mapping[str, list[Any]]
    outputs: Mapping[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Predictions:
    """The predictions in the database of records."""

    database: Database

    def search(
        self, wanted: PredictionsWanted = EVERYTHING, *, limit: int = 50, page: str | None = None
    ) -> PredictionPage:
        """The newest `limit` of those wanted, or those after a page before. Raises RecordsError. Can be repeated."""
        return find_predictions(self.database, wanted, limit=limit, page=page)

    def find(self, request_id: str, row: int = 0) -> SeenPrediction:
        """One prediction. Raises NotRecorded, RecordsError. Can be repeated."""
        found = read_prediction(self.database, request_id, row)
        inputs = _tensors(found.inputs, found.inputs_form)
        return SeenPrediction(found, inputs, _tensors(found.outputs, found.outputs_form))


def _tensors(content: bytes, forms: list[dict[str, Any]]) -> dict[str, list[Any]]:
    tensors, offset = {}, 0
    for form in forms:
        end = offset + form["bytes"]
        tensor = decode_binary(content[offset:end], form["datatype"], form["shape"], form["name"])
        tensors[form["name"]] = [_plain(value) for value in tensor.reshape(-1).tolist()]
        offset = end
    return tensors


def _plain(value: Any) -> Any:
    return value.decode(errors="replace") if isinstance(value, bytes) else value
