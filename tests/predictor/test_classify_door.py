from contextlib import suppress
from typing import Any

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from bundle import Bundle
from predictor.classify.csv_rows import read_csv_rows
from predictor.errors import RequestRefused
from predictor.table import Column, Table

DIGITS = load_digits()
ROWS: list[list[float]] = DIGITS.data[:3].tolist()
CLASSES = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
CSV = {"content-type": "text/csv"}


def read_table(body: bytes, *features: str, output_feature: str | None = "label") -> NDArray[Any]:
    table = Table(tuple(Column(name, "FP64", (-1, len(features))) for name in features), "features")
    (tensor,) = read_csv_rows(body, table=table, output_feature=output_feature)
    return tensor.data


def to_csv(*lines: list[Any], end: str = "\n") -> str:
    return "".join(",".join(map(str, line)) + end for line in lines)


def test_a_row_is_classified_by_name(client: httpx.Client, digits: Bundle) -> None:
    response = client.post("/classify", json={"row": ROWS[0]}, headers={"x-request-id": "r-1"})
    answer = response.json()
    assert (answer["label"], answer["index"]) == ("zero", 0)
    assert 0.5 < answer["probability"] <= 1
    assert answer["predictions"] == [{name: answer[name] for name in ("label", "index", "probability")}]
    assert (answer["model"], answer["version"], answer["revision"]) == ("digits", "1", "canary-1")
    assert answer["bundle_digest"] == digits.digest
    assert answer["request_id"] == "r-1" == response.headers["x-request-id"]
    assert response.headers["x-assay-bundle-digest"] == digits.digest


@pytest.mark.parametrize("body", [{"rows": ROWS}, ROWS])
def test_rows_are_classified_in_their_order(client: httpx.Client, body: Any) -> None:
    answer = client.post("/classify", json=body).json()
    assert [prediction["label"] for prediction in answer["predictions"]] == ["zero", "one", "two"]
    assert "label" not in answer


def test_a_bare_list_of_numbers_is_a_row(client: httpx.Client) -> None:
    assert client.post("/classify", json=ROWS[1]).json()["label"] == "one"


def test_every_probability_is_answered_when_asked_for(client: httpx.Client) -> None:
    answer = client.post("/classify?probabilities=true", json={"row": ROWS[2]}).json()
    assert list(answer["probabilities"]) == CLASSES
    assert answer["probabilities"]["two"] == answer["probability"]
    assert sum(answer["probabilities"].values()) == pytest.approx(1, rel=1e-5)


def test_the_probability_is_the_one_of_v2(client: httpx.Client) -> None:
    tensor = {"name": "features", "datatype": "FP32", "shape": [3, 64], "data": ROWS}
    outputs = client.post("/v2/models/digits/infer", json={"inputs": [tensor]}).json()["outputs"]
    predictions = client.post("/classify", json=ROWS).json()["predictions"]
    assert [prediction["index"] for prediction in predictions] == outputs[0]["data"]
    assert [prediction["probability"] for prediction in predictions] == [
        outputs[1]["data"][10 * row + index] for row, index in enumerate(outputs[0]["data"])
    ]


@pytest.mark.parametrize("content_type", [None, "application/json", "application/x-www-form-urlencoded"])
def test_what_is_not_called_csv_is_json(client: httpx.Client, content_type: str | None) -> None:
    headers = {"content-type": content_type} if content_type else {}
    assert client.post("/classify", content=str(ROWS[0]), headers=headers).json()["label"] == "zero"


NAMES = list(DIGITS.feature_names)
LABELLED = [[f"digit{index}", *row] for index, row in enumerate(ROWS)]


@pytest.mark.parametrize(
    "body",
    [
        to_csv(*ROWS),
        to_csv(NAMES, *ROWS),
        to_csv(["digit", *NAMES], *LABELLED),
        to_csv([*NAMES, "digit"], *([*row, "?"] for row in ROWS)),
        to_csv(NAMES[::-1], *(row[::-1] for row in ROWS)),
        to_csv(NAMES, *ROWS, end="\r\n"),
        "\ufeff" + to_csv(NAMES, *ROWS),
        "\n" + to_csv(*ROWS) + "\n\n",
        to_csv([f'"{name}"' for name in NAMES], *ROWS),
        to_csv(*ROWS).rstrip(),
    ],
    ids=["bare", "header", "label first", "label last", "reversed", "crlf", "mark", "empty lines", "quoted", "no end"],
)
def test_csv_is_read_as_it_stands_in_the_training_data(client: httpx.Client, body: str) -> None:
    response = client.post("/classify", content=body.encode(), headers={"content-type": "text/csv; charset=utf-8"})
    assert response.json() | {"request_id": ""} == client.post("/classify", json=ROWS).json() | {"request_id": ""}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "the body has no line; expected CSV, a line for each row"),
        (to_csv(ROWS[0], ROWS[1][:63]), "line 2 has 63 fields; expected 64"),
        (to_csv(NAMES, [*ROWS[0], 1]), "line 2 has 65 fields; expected 64"),
        (to_csv(["x", *ROWS[0][1:]]), 'line 1, column 1 (pixel_0_0) is "x"; expected a number'),
        (to_csv(NAMES, [*ROWS[0][:63], "nan"]), 'line 2, column 64 (pixel_7_7) is "nan"; expected a number'),
        (to_csv(NAMES, ["", *ROWS[0][1:]]), 'line 2, column 1 (pixel_0_0) is ""; expected a number'),
        (to_csv(["1_0", *ROWS[0][1:]]), 'line 1, column 1 (pixel_0_0) is "1_0"; expected a number'),
        (to_csv(NAMES[:63], ROWS[0]), 'the header lacks the column "pixel_7_7"; expected all 64 features'),
        (to_csv([*NAMES, "id"], ROWS[0]), 'the header has the unknown column "id"; expected the features\' names'),
        (to_csv([*NAMES, NAMES[0]], ROWS[0]), 'the header has the column "pixel_0_0" twice; expected it once'),
        (to_csv(NAMES), 'the input "features" has 0 rows; expected 1 to 16384'),
        (
            to_csv([1e39, *ROWS[0][1:]]),
            'the input "features" has inf in row 0, column 0; expected a finite number',
        ),
        ('"open', "line 1 is not CSV: unexpected end of data"),
    ],
)
def test_a_wrong_csv_is_told_where_and_what_was_expected(client: httpx.Client, body: str, message: str) -> None:
    response = client.post("/classify", content=body, headers=CSV)
    assert (response.status_code, response.json()) == (400, {"error": message})


def test_a_csv_that_is_no_text_is_refused(client: httpx.Client) -> None:
    response = client.post("/classify", content=b"1,\xff", headers=CSV)
    assert response.json() == {"error": "the body is not UTF-8 at byte 2; expected CSV in UTF-8"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"row": ROWS[0][:63]}, "row has 63 elements; expected 64 for the shape [64]"),
        ({"row": [*ROWS[0][:63], "x"]}, 'row[63] is the string "x"; expected a number for FP32'),
        ({"row": ROWS}, "row has 3 elements; expected 64 for the shape [64]"),
        ({"row": None}, "row is null; expected a list of 64 elements"),
        ({"rows": ROWS[0]}, "rows[0] is the number 0.0; expected a list of 64 numbers"),
        ({"rows": [ROWS[0], ROWS[1][:9]]}, "rows[1] has 9 elements; expected a list of 64 for the shape [2, 64]"),
        ({"rows": [ROWS[0], 1]}, "rows[1] is the number 1; expected a list of 64 for the shape [2, 64]"),
        ({"rows": [[*ROWS[0][:63], True]]}, "rows[0][63] is the boolean true; expected a number for FP32"),
        ({"rows": []}, 'the input "features" has 0 rows; expected 1 to 16384'),
        ({"rows": "x"}, 'rows is the string "x"; expected a list of rows'),
        ([], "row has 0 elements; expected 64 for the shape [64]"),
        ([[]], "rows[0] has 0 elements; expected a list of 64 for the shape [1, 64]"),
        ("x", 'the body is the string "x"; expected {"row": [...]}, {"rows": [[...], ...]} or a list'),
        ({}, 'the body\'s fields are none; expected {"row": [...]}, {"rows": [[...], ...]} or a list'),
        (
            {"row": ROWS[0], "rows": ROWS},
            'the body\'s fields are "row", "rows"; expected {"row": [...]}, {"rows": [[...], ...]} or a list',
        ),
        ({"row": [*ROWS[0][:63], "NaN"]}, 'the input "features" has nan in row 0, column 63; expected a finite number'),
    ],
)
def test_a_wrong_row_is_told_where_and_what_was_expected(client: httpx.Client, body: Any, message: str) -> None:
    response = client.post("/classify", json=body)
    assert (response.status_code, response.json()) == (400, {"error": message})


def test_a_query_that_is_no_boolean_is_an_error(client: httpx.Client) -> None:
    response = client.post("/classify?probabilities=maybe", json={"row": ROWS[0]})
    assert response.status_code == 400
    assert response.json()["error"].startswith("query probabilities: Input should be a valid boolean")


@given(st.lists(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=3), min_size=1))
def test_numbers_in_csv_are_read_exactly(rows: list[list[float]]) -> None:
    read = read_table(to_csv(*rows).encode(), "a", "b", "c", output_feature=None)
    np.testing.assert_array_equal(read, np.array(rows))


@given(st.binary() | st.text().map(str.encode))
@settings(max_examples=300)
def test_any_bytes_are_rows_or_refused(body: bytes) -> None:
    with suppress(RequestRefused):
        assert read_table(body, "a", "b").shape[1] == 2


@pytest.mark.parametrize("body", ["0,1,2\n7,8,9", "label,0,1,2\nx,7,8,9", "2,1,0,label\n9,8,7,x"])
def test_features_that_are_named_by_numbers_can_have_a_header(body: str) -> None:
    assert read_table(body.encode(), "0", "1", "2").tolist() == [[7, 8, 9]]
