"""A body of POST /classify, as rows that the model takes."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from open_inference.datatypes import DATATYPES
from predictor.classify.csv_rows import read_csv_rows
from predictor.classify.json_rows import read_json_rows
from predictor.served_model import ServedModel


def read_rows(body: bytes, content_type: str, model: ServedModel) -> tuple[NDArray[Any], bool]:
    """The rows, (rows, features) in the dtype of the model's input, and whether it was one row that was asked for.

    `text/csv` is CSV; everything else, and no content type at all, is JSON. Raises RequestRefused or ProtocolError.
    """
    signature = model.manifest.inputs[0]
    features = model.manifest.feature_names
    if content_type.partition(";")[0].strip().lower() != "text/csv":
        return read_json_rows(body, features=len(features), datatype=signature.datatype)
    rows = read_csv_rows(body, features=features, output_feature=model.card.get("output_feature"))
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and the model's check names it
        return rows.astype(DATATYPES[signature.datatype]), False
