"""Models that were not trained here answer what ONNX's own reference answers, whatever their signature."""

from typing import Any

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from open_inference import InferRequest, RequestedOutput, Tensor
from predictor.errors import ModelNotUsable, RequestRefused
from predictor.examples import warm_up
from predictor.served_model import ServedModel
from predictor.settings import PredictorSettings
from predictor.wiring import load_onnx
from tests.predictor.foreign_models import (
    Stated,
    make_brain_floats,
    make_cnn,
    make_gate,
    make_model,
    make_price_list,
    make_product,
    one_node,
)

RANDOM = np.random.default_rng(7)
IMAGES = RANDOM.normal(size=(3, 3, 8, 8)).astype(np.float32)
HALVES = RANDOM.normal(size=(2, 3)).astype(np.float16)
TEXTS = np.array([["ä", "b"]], dtype=np.object_)
MODELS: dict[str, tuple[bytes, dict[str, NDArray[Any]]]] = {
    "images": (make_cnn(), {"image": IMAGES}),
    "several inputs": (make_gate(), {"first": np.array([[True], [False]]), "one": HALVES, "other": -HALVES}),
    "free sizes": (make_product(), {"a": np.ones((2, 5), np.float32), "b": np.ones((5, 3), np.float32)}),
    "a scalar": (one_node("Neg", TensorProto.FLOAT, []), {"x": np.array(3, np.float32)}),
    "five sizes": (one_node("Neg", TensorProto.INT64, [1, "a", 2, None, 1]), {"x": np.ones((1, 3, 2, 2, 1), np.int64)}),
    "a fixed batch": (one_node("Neg", TensorProto.INT32, [2, 3]), {"x": np.ones((2, 3), np.int32)}),
    "no elements": (one_node("Neg", TensorProto.DOUBLE, [0, 3]), {"x": np.ones((0, 3))}),
    "a size of 0": (one_node("Neg", TensorProto.FLOAT, ["N", "M"]), {"x": np.ones((2, 0), np.float32)}),
    "texts": (one_node("Identity", TensorProto.STRING, ["N", 2]), {"x": TEXTS}),
    "booleans": (one_node("Not", TensorProto.BOOL, ["N"]), {"x": np.array([True, False])}),
    "bytes": (one_node("Identity", TensorProto.UINT8, ["N", 2]), {"x": np.array([[1, 255]], np.uint8)}),
    "a column each": (
        make_price_list(),
        {"area": np.array([[2], [3]], np.float32), "district": np.array([["harbour"], ["moon"]], dtype=np.object_)},
    ),
}


def load(model_bytes: bytes, **settings: Any) -> ServedModel:
    return load_onnx(model_bytes, name="foreign", version="3", settings=PredictorSettings(**settings))


def to_request(inputs: dict[str, NDArray[Any]]) -> InferRequest:
    return InferRequest(inputs=tuple(Tensor.of(name, encode(values)) for name, values in inputs.items()))


def encode(values: NDArray[Any]) -> NDArray[Any]:
    return np.vectorize(str.encode, otypes=[np.object_])(values) if values.dtype.kind in "OU" else values


def refusal(model: ServedModel, request: InferRequest) -> str:
    with pytest.raises(RequestRefused) as refused:
        model.infer(request)
    return str(refused.value)


@pytest.mark.parametrize("kind", MODELS)
def test_every_signature_is_answered_as_the_reference_answers_it(kind: str) -> None:
    model_bytes, inputs = MODELS[kind]
    model = load(model_bytes)
    expected = ReferenceEvaluator(onnx.load_from_string(model_bytes)).run(None, inputs)
    answered = model.infer(InferRequest.from_json(to_request(inputs).to_json())).outputs
    assert [output.name for output in answered] == [output.name for output in model.manifest.outputs]
    for output, stated, values in zip(answered, model.manifest.outputs, expected, strict=True):
        assert output.datatype == stated.datatype
        if output.datatype == "BYTES":
            np.testing.assert_array_equal(output.data, encode(np.asarray(values)))
        else:
            np.testing.assert_allclose(output.data, values, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("kind", MODELS)
def test_every_signature_has_an_example_that_works(kind: str) -> None:
    model = load(MODELS[kind][0])
    examples = warm_up(model)
    assert [example.request.name for example in examples] == ["infer"]
    answer = model.infer(InferRequest.from_json(examples[0].request.body.encode())).to_response("example-infer")
    assert [output["name"] for output in examples[0].answer["outputs"]] == [output.name for output in answer.outputs]


@pytest.mark.parametrize(
    ("kind", "has_rows"),
    [("images", True), ("several inputs", True), ("a column each", True), ("texts", True)]
    + [(kind, False) for kind in ("free sizes", "a scalar", "a fixed batch", "no elements", "five sizes")],
)
def test_requests_share_runs_where_a_model_has_rows(kind: str, has_rows: bool) -> None:
    model = load(MODELS[kind][0], row_limit=9)
    warm_up(model)
    assert (model.has_rows, model.can_batch) == (has_rows, has_rows)
    assert model.config().max_batch_size == (9 if has_rows else 0)
    stated = model.manifest.inputs[0].shape
    assert model.config().input[0].dims == (stated[1:] if has_rows else stated)


def test_requests_that_share_a_run_get_their_own_rows_of_every_output() -> None:
    model = load(make_gate())
    requests = [
        to_request({"one": HALVES[:rows], "first": np.full((rows, 1), rows == 1), "other": -HALVES[:rows]})
        for rows in (1, 2)
    ]
    together = model.run(requests)
    for request, values in zip(requests, together, strict=True):
        (alone,) = model.run([request])
        assert {name: array.tolist() for name, array in values.items()} == {
            name: array.tolist() for name, array in alone.items()
        }


@pytest.mark.parametrize("is_binary", [True, False], ids=["binary", "json"])
def test_brain_floats_are_answered_to_their_own_precision(is_binary: bool) -> None:
    model = load(make_brain_floats())
    numbers = np.array([[1.5, -3.0], [1 + 2**-7, 2.0**100]], np.float32)  # each is one of BF16's
    request = InferRequest((Tensor("x", "BF16", numbers.shape, numbers),))
    content, size = request.to_binary() if is_binary else (request.to_json(), None)
    y, exact = model.infer(InferRequest.from_json(content, size)).outputs
    assert (y.datatype, exact.datatype) == ("BF16", "FP32")
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(exact.data, numbers * numbers)
    assert y.data.tolist() == [[2.25, 9.0], [1 + 2**-6, np.inf]]
    warm_up(model)


def test_a_model_without_a_manifest_is_named_and_described() -> None:
    model = load(make_cnn())
    assert (model.identity.model, model.identity.version) == ("foreign", "3")
    assert model.identity.bundle_digest == model.manifest.digest()
    assert model.identity.bundle_digest.endswith(model.card["bundle_digest"][-12:])
    assert model.card["task"] == "inference"
    assert model.metadata().inputs[0].shape == (-1, 3, 8, 8)


def test_properties_that_others_wrote_mean_nothing() -> None:
    node = helper.make_node("Neg", ["x"], ["probabilities"])
    stated: Stated = ("x", TensorProto.FLOAT, ["N", 2])
    for properties in ({"task": "detect", "classes": "cat, dog"}, {"classes": '["a", "b", "c"]'}, {"classes": "[1]"}):
        model = load(make_model([node], [stated], [("probabilities", *stated[1:])], properties=properties))
        assert model.manifest.task == "inference"
        warm_up(model)


def test_what_training_writes_into_a_file_is_understood_without_its_manifest(digits: Any) -> None:
    model = load(digits.model_bytes)
    assert model.manifest.task == "classification"
    assert model.manifest.classes == digits.manifest.classes
    assert model.table is not None
    assert model.table.names == digits.manifest.feature_names


SEQUENCE = helper.make_tensor_sequence_value_info("y", TensorProto.FLOAT, None)
NUMBER = ("x", TensorProto.FLOAT, [1])


@pytest.mark.parametrize(
    ("model_bytes", "message"),
    [
        (
            make_model([helper.make_node("SequenceConstruct", ["x"], ["y"])], [NUMBER], [SEQUENCE]),
            r'the output "y" is seq\(tensor\(float\)\); expected a tensor of numbers, booleans or strings',
        ),
        (one_node("Identity", TensorProto.COMPLEX64, [1]), "complex"),
        (
            make_model(
                [helper.make_node("Identity", ["x"], ["y"]), helper.make_node("Identity", ["s"], ["t"])],
                [("x", TensorProto.BFLOAT16, [1]), ("s", TensorProto.STRING, [1])],
                [("y", TensorProto.BFLOAT16, [1]), ("t", TensorProto.STRING, [1])],
            ),
            "the model has strings beside BF16",
        ),
        (
            make_model(
                [helper.make_node("Identity", ["c"], ["y"])], [], [("y", TensorProto.DOUBLE, [1])], {"c": [1.0]}
            ),
            "foreign: inputs: Tuple should have at least 1 item",
        ),
    ],
    ids=["sequence", "complex", "strings beside BF16", "no input"],
)
def test_what_v2_has_no_word_for_is_refused_at_load(model_bytes: bytes, message: str) -> None:
    with pytest.raises(ModelNotUsable, match=message):
        load(model_bytes)


def test_a_size_with_one_name_is_one_size() -> None:
    request = to_request({"a": np.ones((2, 5), np.float32), "b": np.ones((4, 3), np.float32)})
    message = 'the input "b" has the size 4 at axis 0; expected 5, as the input "a" at axis 1'
    assert refusal(load(make_product()), request) == message


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"one": HALVES[:1]}, 'the input "one" has the size 1 at axis 0; expected 2, as the input "first" at axis 0'),
        ({"one": HALVES[:, :2]}, 'the input "one" has the shape [2, 2]; expected [-1, 3]'),
        ({"one": HALVES.astype(np.float32)}, 'the input "one" is FP32; expected FP16'),
        ({"one": HALVES * np.float16("nan")}, 'the input "one" has nan in row 0, column 0; expected a finite number'),
        ({"two": HALVES}, 'unknown input "two"; expected first BOOL [-1, 1], one FP16 [-1, 3], other FP16 [-1, 3]'),
    ],
)
def test_a_wrong_request_is_told_what_was_expected(changes: dict[str, NDArray[Any]], message: str) -> None:
    assert refusal(load(make_gate()), to_request(MODELS["several inputs"][1] | changes)) == message


def test_a_missing_input_is_named() -> None:
    inputs = dict(MODELS["several inputs"][1])
    del inputs["other"]
    assert refusal(load(make_gate()), to_request(inputs)).startswith(
        'the input "other" is missing; expected first BOOL'
    )


def test_bytes_that_are_no_text_are_refused() -> None:
    data = np.array([[b"a", b"\xc3"]], dtype=np.object_)
    message = refusal(load(MODELS["texts"][0]), InferRequest(inputs=(Tensor.of("x", data),)))
    assert message == 'the input "x"[1] is not UTF-8; expected text, the only BYTES that a model can take'


def test_classification_of_what_has_no_classes_is_refused() -> None:
    asked = InferRequest(
        inputs=to_request(MODELS["images"][1]).inputs, outputs=(RequestedOutput("logits", {"classification": 1}),)
    )
    message = 'classification of "logits": the model is not said to have classes; expected the output as it is'
    assert refusal(load(make_cnn()), asked) == message


SIZES = st.lists(st.sampled_from([None, "N", "M", 1, 2, 3]), max_size=4)
TYPES = st.sampled_from(
    [
        TensorProto.FLOAT,
        TensorProto.DOUBLE,
        TensorProto.FLOAT16,
        TensorProto.INT64,
        TensorProto.INT8,
        TensorProto.UINT16,
        TensorProto.BOOL,
        TensorProto.STRING,
    ]
)


@given(sizes=SIZES, datatype=TYPES)
@settings(max_examples=40, deadline=None)
def test_whatever_a_graph_takes_its_example_is_answered_by_itself(sizes: list[Any], datatype: int) -> None:
    model = load(one_node("Identity", datatype, sizes))
    (example,) = warm_up(model)
    sent = InferRequest.from_json(example.request.body.encode()).inputs[0]
    (answered,) = example.answer["outputs"]
    assert (answered["datatype"], tuple(answered["shape"])) == (sent.datatype, sent.shape)
    assert answered["data"] == [one.decode() if isinstance(one, bytes) else one for one in sent.data.ravel().tolist()]
    assert model.can_batch == model.has_rows
