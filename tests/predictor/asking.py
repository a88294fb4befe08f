"""Clients that ask the contrary model for random rows, each over a door of its own, and note down what it answered."""

from collections.abc import Callable

import httpx
import numpy as np

from tests.predictor.bundles import infer_body
from tests.predictor.grpc_calls import InferenceStub, infer_message

INFER = "/v2/models/contrary/infer"
Answers = dict[str, list[tuple[list[float], int, float]]]
"""Features, index and probability of each row, by request id."""
Ask = Callable[[str, list[list[float]]], list[tuple[int, float]]]


def over_classify(client: httpx.Client, _: InferenceStub) -> Ask:
    def ask(request_id: str, rows: list[list[float]]) -> list[tuple[int, float]]:
        answer = client.post("/classify", json={"rows": rows}, headers={"x-request-id": request_id})
        said = answer.raise_for_status().json()["predictions"]
        return [(row["index"], row["probability"]) for row in said]

    return ask


def over_infer(client: httpx.Client, _: InferenceStub) -> Ask:
    def ask(request_id: str, rows: list[list[float]]) -> list[tuple[int, float]]:
        answer = client.post(INFER, json=infer_body(rows), headers={"x-request-id": request_id}).raise_for_status()
        label, probabilities = (output["data"] for output in answer.json()["outputs"])
        return [(index, probabilities[4 * row + index]) for row, index in enumerate(label)]

    return ask


def over_grpc(_: httpx.Client, stub: InferenceStub) -> Ask:
    def ask(request_id: str, rows: list[list[float]]) -> list[tuple[int, float]]:
        message = infer_message(np.array(rows), model="contrary")
        label, probabilities = stub("ModelInfer", message, metadata=(("x-request-id", request_id),)).raw_output_contents
        indices = np.frombuffer(label, np.int64).tolist()
        table = np.frombuffer(probabilities, np.float32).reshape(-1, 4)
        return [(index, float(table[row, index])) for row, index in enumerate(indices)]

    return ask


def ask_often(ask: Ask, client: int, requests: int, told: Answers) -> None:
    """Ask for one to three rows each time, and note down what was answered."""
    random = np.random.default_rng(client)
    for number in range(requests):
        rows = random.uniform(-3, 3, (random.integers(1, 4), 4)).astype(np.float32)
        rows[:, 0] = random.integers(0, 4, len(rows))
        rows[:, 1:3] = np.abs(rows[:, 1:3])
        request_id = f"{client}-{number}"
        answered = ask(request_id, rows.tolist())
        told[request_id] = [(row, *answer) for row, answer in zip(rows.tolist(), answered, strict=True)]
