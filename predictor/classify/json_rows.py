"""Rows of raw feature values from JSON: `{"row": [...]}`, `{"rows": [[...], ...]}`, or either list without its name."""

from typing import Any

from numpy.typing import NDArray

from open_inference.json_data import decode_data
from open_inference.json_object import describe, parse_json, quote
from predictor.errors import RequestRefused

_EXPECTED = 'expected {"row": [...]}, {"rows": [[...], ...]} or a list'


def read_json_rows(body: bytes, *, features: int, datatype: str) -> tuple[NDArray[Any], bool]:
    """The rows, (rows, features) in the dtype of `datatype`, and whether it was one row that was asked for.

    Raises RequestRefused or ProtocolError; their text names the row and the position.
    """
    name, values = _find_values(parse_json(body))
    if name == "row":
        return decode_data(values, datatype, (features,), "row").reshape(1, features), True
    if not isinstance(values, list):
        raise RequestRefused(f"rows is {describe(values)}; expected a list of rows")
    if values and not isinstance(values[0], list):
        raise RequestRefused(f"rows[0] is {describe(values[0])}; expected a list of {features} numbers")
    return decode_data(values, datatype, (len(values), features), "rows"), False


def _find_values(content: object) -> tuple[str, object]:
    match content:
        case [list(), *_]:
            return "rows", content
        case list():
            return "row", content
        case dict() if len(content) == 1 and content.keys() <= {"row", "rows"}:
            return next(iter(content.items()))
        case dict():
            fields = ", ".join(map(quote, sorted(content)[:4])) or "none"
            raise RequestRefused(f"the body's fields are {fields}; {_EXPECTED}")
        case _:
            raise RequestRefused(f"the body is {describe(content)}; {_EXPECTED}")
