"""A body of POST /classify, as a request that the model takes."""

from open_inference import InferRequest
from predictor.classify.csv_rows import read_csv_rows
from predictor.classify.json_rows import read_json_rows
from predictor.errors import RequestRefused
from predictor.served_model import ServedModel
from predictor.table import Table


def read_rows(body: bytes, content_type: str, model: ServedModel) -> tuple[InferRequest, bool]:
    """The request for the rows, and whether it was one row that was asked for.

    `text/csv` is CSV; everything else, and no content type at all, is JSON. Raises RequestRefused or ProtocolError,
    also where the model has no answer for rows.
    """
    table, output_feature = require_table(model), model.card.get("output_feature")
    if content_type.partition(";")[0].strip().lower() != "text/csv":
        inputs, is_single = read_json_rows(body, table=table, output_feature=output_feature)
        return InferRequest(inputs=inputs), is_single
    return InferRequest(inputs=read_csv_rows(body, table=table, output_feature=output_feature)), False


def require_table(model: ServedModel) -> Table:
    """How the model takes rows of features. Raises RequestRefused where it takes none."""
    name = model.identity.model
    if model.manifest.task == "inference":
        found = f"{name} answers inference alone: nobody said what its outputs mean"
    elif model.table is None:
        found = f"{name} takes no rows of features"
    else:
        return model.table
    raise RequestRefused(f"{found}; expected POST /v2/models/{name}/infer")
