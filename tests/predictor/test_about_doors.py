import re
from typing import Any

import httpx
import pytest

from bundle import Bundle
from tests.predictor.bundles import infer_body, write_digits_bundle
from tests.predictor.conftest import StartServer
from tests.predictor.server_process import wait_for

ROW = [float(column % 17) for column in range(64)]


def test_metadata_is_what_the_file_says_of_itself(client: httpx.Client, digits: Bundle) -> None:
    answer = client.get("/metadata").json()
    assert answer["title"] == "Digits"
    assert answer["dataset_link"] == "https://archive.ics.uci.edu/dataset/80"
    assert answer["features"] == list(digits.manifest.feature_names)
    assert answer["classes"] == list(digits.manifest.classes)
    assert answer["output_feature"] == "digit"
    assert answer["metrics"] == {"accuracy": 0.95}
    assert answer["libraries"] == {"numpy": "2.0.0"}
    assert (answer["experiment_name"], answer["experiment_id"]) == ("first", 7)
    assert (answer["model"], answer["version"], answer["revision"]) == ("digits", "1", "canary-1")
    assert answer["bundle_digest"] == digits.digest


def test_what_neither_the_file_nor_the_manifest_says_is_left_out(tmp_path: Any, start_server: StartServer) -> None:
    bundle = write_digits_bundle(tmp_path / "bundles", properties={"title": "Digits", "of_no_interest": "x"})
    with start_server(bundle.path, model="renamed").wait_until_ready().client() as client:
        answer = client.get("/metadata").json()
        assert client.get("/v2/models/renamed/ready").status_code == 200
    assert answer == {
        "title": "Digits",
        "task": "classification",
        "answer": {"label": "label", "probabilities": "probabilities"},
        "image": {"width": 8, "height": 8, "channels": 1, "scale": 16.0, "invert": False, "layout": "flat"},
        "features": list(bundle.manifest.feature_names),
        "classes": list(bundle.manifest.classes),
        "model": "renamed",
        "version": "1",
        "revision": bundle.digest[7:19],
        "bundle_digest": bundle.digest,
    }


def test_every_example_gives_the_answer_that_it_shows(client: httpx.Client) -> None:
    examples = client.get("/example").json()["examples"]
    assert [example["name"] for example in examples] == [
        *("classify-row", "classify-rows", "classify-csv", "infer", "forward-row", "run-row"),
        *("forward-batch-csv", "evaluate-csv", "forward-image", "run-image"),
    ]
    for example in examples:
        request = example["request"]
        response = client.request(
            request["method"], request["path"], content=request["body"], headers=request["headers"]
        )
        assert (response.status_code, response.json()) == (200, example["answer"])


def test_every_example_of_the_openapi_page_works(client: httpx.Client) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    sent = 0
    for path, methods in paths.items():
        content = methods.get("post", {}).get("requestBody", {}).get("content", {})
        for content_type, form in content.items():
            for example in form.get("examples", {}).values():
                url = path.format(model="digits", version="1")
                headers = {"content-type": content_type}
                is_text = content_type == "text/csv"
                body = {"content": example["value"]} if is_text else {"json": example["value"]}
                response = client.post(url, headers=headers, **body)
                assert response.status_code == 200, (path, response.text)
                sent += 1
    assert sent == 12


def test_every_parameter_in_a_path_is_described(client: httpx.Client) -> None:
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for operation in methods.values():
            parameters = [part for part in operation.get("parameters", []) if part["in"] == "path"]
            assert [part["name"] for part in parameters] == re.findall(r"{(\w+)}", path)
            values = {part["name"]: part["example"] for part in parameters}
            assert "get" not in methods or client.get(path.format(**values)).status_code == 200


def test_the_openapi_page_promises_no_answer_that_is_never_given(client: httpx.Client) -> None:
    for methods in client.get("/openapi.json").json()["paths"].values():
        for operation in methods.values():
            assert operation["responses"].keys() >= {"200", "default"}
            assert "422" not in operation["responses"]


def test_the_docs_need_no_other_server(client: httpx.Client) -> None:
    page = client.get("/docs").text
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page)
    assert addresses
    for address in addresses:
        assert client.get(address).status_code == 200


def count(client: httpx.Client, name: str, **labels: str) -> float:
    text = client.get("/metrics").text
    total = 0.0
    for line in text.splitlines():
        if line.startswith(f"{name}{{") and all(f'{label}="{value}"' in line for label, value in labels.items()):
            total += float(line.rpartition(" ")[2])
    return total


def test_metrics_count_what_was_sent(digits: Bundle, start_server: StartServer) -> None:
    with start_server(digits.path, revision="r1").wait_until_ready().client() as client:
        label = client.post("/classify", json={"rows": [ROW] * 4}).json()["predictions"][0]["label"]
        client.post("/classify", json={"rows": "x"})
        client.post("/v2/models/digits/infer", json=infer_body([ROW] * 3))
        client.post("/v2/models/other/infer", json=infer_body([ROW]))
        for path in ("/a", "/b", "/v2/models/digits/nothing"):
            client.get(path)
        owner = {"model": "digits", "revision": "r1"}
        infer = {"route": "/v2/models/{model}/infer", "transport": "rest", **owner}
        requests = "assay_requests_total"
        assert wait_for(lambda: count(client, requests, route="/classify", code="200", **owner)) == 1
        assert count(client, requests, route="/classify", code="400", **owner) == 1
        assert count(client, requests, code="200", **infer) == 1
        assert count(client, requests, code="404", **infer) == 1
        assert count(client, requests, route="unknown", code="404", **owner) == 3
        assert count(client, "assay_predictions_total", label=label, **owner) == 7
        assert count(client, "assay_inference_duration_seconds_count", **owner) == 2
        assert count(client, "assay_request_duration_seconds_count", route="/classify", **owner) == 2
        assert count(client, "assay_model_info", version="1", bundle_digest=digits.digest, **owner) == 1
        text = client.get("/metrics").text
        assert "nothing" not in text
        assert "other" not in text


@pytest.mark.parametrize("path", ["/metrics", "/metadata", "/example"])
def test_what_is_only_read_cannot_be_written(client: httpx.Client, path: str) -> None:
    response = client.post(path)
    assert response.status_code == 405
    assert response.headers["allow"] == "GET"
    assert response.json() == {"error": f'"{path}" does not take POST; expected GET'}
