"""Tables of numbers and categories, regressions, and classifiers of images: what their manifests add to V2."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import onnxruntime
import pytest

from bundle import AnswerOutputs, Bundle, ImageForm
from open_inference import InferRequest, RequestedOutput, Tensor
from predictor.errors import ModelNotUsable, RequestRefused
from predictor.examples import warm_up
from predictor.settings import PredictorSettings
from predictor.wiring import load_model
from tests.predictor.foreign_models import make_cnn, make_price_list, write_foreign_bundle
from tests.predictor.pictures import decode, encode, to_json
from tests.predictor.server_process import ServerProcess

ROWS = [[2.5, "harbour"], [3.0, "station"], [4.0, "moon"]]
VALUES = [50.0, 30.0, 0.0]
CSV = {"content-type": "text/csv"}
PRICES: dict[str, Any] = {
    "task": "regression",
    "feature_names": ("area", "district"),
    "categories": {"district": ("harbour", "station")},
}


@pytest.fixture(scope="module")
def prices(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return write_foreign_bundle(tmp_path_factory.mktemp("bundles"), make_price_list(), "prices", **PRICES)


@pytest.fixture(scope="module", params=[True, False], ids=["fast", "plain"])
def client(
    prices: Bundle, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    log = tmp_path_factory.mktemp("server") / "log"
    server = ServerProcess(prices.path, log, fast_path=request.param)
    with server as process, process.wait_until_ready().client() as client:
        yield client


def values_of(response: httpx.Response) -> list[float]:
    assert response.status_code == 200, response.text
    return [prediction["value"] for prediction in response.json()["predictions"]]


def test_a_table_of_numbers_and_categories_is_taken_in_every_form(client: httpx.Client) -> None:
    by_name = [{"district": district, "area": area} for area, district in ROWS]
    assert values_of(client.post("/classify", json={"rows": ROWS})) == VALUES
    assert values_of(client.post("/classify", json=by_name)) == VALUES
    lines = "".join(f"{area},{district}\n" for area, district in ROWS)
    assert values_of(client.post("/classify", content=lines, headers=CSV)) == VALUES
    turned = "district,area\n" + "".join(f"{district},{area}\n" for area, district in ROWS)
    assert values_of(client.post("/classify", content=turned, headers=CSV)) == VALUES


def test_one_row_has_its_value_at_the_top(client: httpx.Client) -> None:
    for row in ({"row": ROWS[0]}, ROWS[0], {"area": 2.5, "district": "harbour"}):
        answer = client.post("/classify", json=row).json()
        assert (answer["value"], answer["predictions"]) == (50.0, [{"value": 50.0}])
        assert "label" not in answer


def test_a_table_is_taken_over_v2_as_an_input_for_each_column(client: httpx.Client) -> None:
    inputs = [
        {"name": "area", "datatype": "FP32", "shape": [3, 1], "data": [row[0] for row in ROWS]},
        {"name": "district", "datatype": "BYTES", "shape": [3, 1], "data": [row[1] for row in ROWS]},
    ]
    (output,) = client.post("/v2/models/prices/infer", json={"inputs": inputs}).json()["outputs"]
    assert output == {"name": "value", "datatype": "FP32", "shape": [3, 1], "data": VALUES}
    asked = {"inputs": inputs, "outputs": [{"name": "value", "parameters": {"classification": 1}}]}
    refused = client.post("/v2/models/prices/infer", json=asked)
    message = 'classification of "value": the model is a regression, which has no classes; expected the output as it is'
    assert (refused.status_code, refused.json()) == (400, {"error": message})


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"rows": [[2.5]]}, "rows[0] has 1 values; expected a list of 2, or an object by feature"),
        ({"rows": [[2.5, 3]]}, 'rows, feature "district"[0] is the number 3; expected a string for BYTES'),
        ({"rows": [["harbour", 2.5]]}, 'rows, feature "area"[0] is the string "harbour"; expected a number for FP32'),
        ({"row": {"area": 2.5}}, 'row lacks the feature "district"; expected all 2'),
        (
            {"row": {"area": 2.5, "district": "moon", "floor": 1}},
            'row has the unknown feature "floor"; expected the features\' names',
        ),
        (
            {"rows": [{"area": 1, "district": "moon"}, 7]},
            "rows[1] is the number 7; expected a list of 2, or an object by feature",
        ),
    ],
)
def test_a_wrong_row_is_told_where(client: httpx.Client, body: Any, message: str) -> None:
    response = client.post("/classify", json=body)
    assert (response.status_code, response.json()) == (400, {"error": message})


def test_a_wrong_line_is_told_where(client: httpx.Client) -> None:
    response = client.post("/classify", content="1.5,harbour\nmany,harbour\n", headers=CSV)
    assert response.json() == {"error": 'line 2, column 1 (area) is "many"; expected a number'}


def test_what_is_known_of_the_table_is_told(client: httpx.Client) -> None:
    card = client.get("/metadata").json()
    assert (card["task"], card["features"]) == ("regression", ["area", "district"])
    assert card["categories"] == {"district": ["harbour", "station"]}
    examples = client.get("/example").json()["examples"]
    expected = ["classify-row", "classify-rows", "classify-csv", "infer", "forward-row", "run-row"]
    assert [example["name"] for example in examples] == expected
    for example in examples:
        sent = example["request"]
        answer = client.post(sent["path"], content=sent["body"], headers=sent["headers"])
        assert (answer.status_code, answer.json()) == (200, example["answer"])


def test_an_unknown_category_is_refused_where_the_manifest_says_so(tmp_path: Path) -> None:
    bundle = write_foreign_bundle(tmp_path, make_price_list(), "prices", **PRICES, unknown_categories="refused")
    model = load_model(bundle, PredictorSettings())
    warm_up(model)
    data = np.array([[b"harbour"], [b"moon"]], dtype=np.object_)
    request = InferRequest(inputs=(Tensor.of("area", np.ones((2, 1), np.float32)), Tensor.of("district", data)))
    with pytest.raises(RequestRefused) as refused:
        model.infer(request)
    assert str(refused.value) == 'the input "district"[1] is "moon"; expected one of "harbour", "station"'


def test_logits_are_classes_and_probabilities_where_the_manifest_says_so(tmp_path: Path) -> None:
    names = AnswerOutputs(probabilities="logits", are_logits=True)
    fields = {"task": "classification", "classes": ("a", "b", "c", "d"), "answer": names.model_dump()}
    bundle = write_foreign_bundle(tmp_path, make_cnn(), "shapes", **fields)
    model = load_model(bundle, PredictorSettings())
    images = np.random.default_rng(1).normal(size=(5, 3, 8, 8)).astype(np.float32)
    (logits,) = onnxruntime.InferenceSession(bundle.model_bytes).run(None, {"image": images})
    powers = np.exp(logits)
    asked = RequestedOutput("logits", {"classification": 1})
    inference = model.infer(InferRequest(inputs=(Tensor.of("image", images),), outputs=(asked,)))
    assert inference.class_indices.tolist() == logits.argmax(axis=1).tolist()
    np.testing.assert_allclose(inference.probabilities, powers / powers.sum(axis=1, keepdims=True), rtol=1e-4)
    best = [str(value, "utf-8").split(":")[1:] for value in inference.outputs[0].data.ravel()]
    assert best == [[str(index), "abcd"[index]] for index in logits.argmax(axis=1)]


def test_a_picture_is_answered_by_a_model_that_was_not_trained_here_where_the_manifest_says_how(tmp_path: Path) -> None:
    names = AnswerOutputs(probabilities="logits", are_logits=True)
    form = ImageForm(width=8, height=8, channels=3, scale=1, invert=True, layout="NCHW")
    fields = {"task": "classification", "classes": ("a", "b", "c", "d"), "answer": names.model_dump()}
    bundle = write_foreign_bundle(tmp_path / "bundles", make_cnn(), "shapes", **fields, image=form.model_dump())
    samples = np.random.default_rng(2).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    image = (1 - samples.astype(np.float32) / 255).transpose(2, 0, 1)[np.newaxis]
    (logits,) = onnxruntime.InferenceSession(bundle.model_bytes).run(None, {"image": image})
    powers = np.exp(logits[0])
    with ServerProcess(bundle.path, tmp_path / "log") as process, process.wait_until_ready().client() as client:
        picture = encode(samples)
        for answer in (
            client.post("/forward", json=to_json(picture), headers={"X-Top-K": "4"}),
            client.post("/forward", files={"image": picture}, data={"top_k": "4"}),
            client.post("/api/v1/run/shapes", json=to_json(picture), headers={"X-Top-K": "4"}),
        ):
            best = {one["label"]: one["probability"] for one in answer.json()["top"]}
            assert best == pytest.approx(dict(zip("abcd", powers / powers.sum(), strict=True)), rel=1e-4)
            assert answer.json()["label"] == "abcd"[logits[0].argmax()]
            assert decode(answer.json()["image"]).ndim == 3


@pytest.mark.parametrize("has_classes", [True, False])
def test_a_model_that_takes_no_rows_says_which_door_to_use(tmp_path: Path, has_classes: bool) -> None:
    names = AnswerOutputs(probabilities="logits", are_logits=True)
    fields = {"task": "classification", "classes": ("a", "b", "c", "d"), "answer": names.model_dump()}
    bundle = write_foreign_bundle(tmp_path / "bundles", make_cnn(), "shapes", **(fields if has_classes else {}))
    with ServerProcess(bundle.path, tmp_path / "log") as process, process.wait_until_ready().client() as client:
        response = client.post("/classify", json={"row": [1, 2]})
        found = (
            "shapes takes no rows of features"
            if has_classes
            else "shapes answers inference alone: nobody said what its outputs mean"
        )
        expected = {"error": f"{found}; expected POST /v2/models/shapes/infer"}
        assert (response.status_code, response.json()) == (400, expected)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"task": "regression", "answer": {"value": "price"}}, r"expected price FP32 \[-1\] or \[-1, 1\]"),
        (
            {"task": "classification", "classes": ("a", "b")},
            r"expected label INT64 \[-1\] and probabilities FP32 \[-1, 2\]",
        ),
        ({**PRICES, "feature_names": ("area", "place"), "categories": {}}, "or one for each feature"),
        ({**PRICES, "categories": {}}, "or one for each feature"),
    ],
)
def test_a_manifest_that_promises_what_the_graph_has_not_is_refused(
    tmp_path: Path, fields: dict[str, Any], message: str
) -> None:
    bundle = write_foreign_bundle(tmp_path, make_price_list(), "prices", **fields)
    with pytest.raises(ModelNotUsable, match=message):
        load_model(bundle, PredictorSettings())
