"""What a user of KServe's clients writes. `python -m tests.predictor.with_kserve_clients HTTP_ADDRESS GRPC_ADDRESS`.

A process of its own: KServe's generated protobuf cannot be loaded beside another one of the same protocol.
"""

import asyncio
import sys
from typing import Any

import numpy as np
from kserve import InferenceGRPCClient, InferenceRESTClient, InferInput, InferRequest
from kserve.inference_client import RESTConfig

ROWS = np.arange(128, dtype=np.float32).reshape(2, 64) % 17


def make_request(is_binary: bool) -> Any:
    features = InferInput("features", [2, 64], "FP32")
    features.set_data_from_numpy(ROWS, binary_data=is_binary)
    return InferRequest(model_name="digits", infer_inputs=[features], request_id="42")


def check(response: Any) -> None:
    assert (response.id, response.model_name) == ("42", "digits")
    outputs = {output.name: output.as_numpy() for output in response.outputs}
    assert outputs["probabilities"].shape == (2, 10)
    assert (outputs["probabilities"].argmax(axis=1) == outputs["label"]).all()


async def use_rest(url: str) -> None:
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    try:
        assert await client.is_server_live(url)
        assert await client.is_server_ready(url)
        assert await client.is_model_ready(url, "digits")
        for is_binary in (False, True):
            check(await client.infer(url, make_request(is_binary), model_name="digits"))
    finally:
        await client.close()


async def use_grpc(address: str) -> None:
    async with InferenceGRPCClient(address) as client:
        assert await client.is_server_live()
        assert await client.is_server_ready()
        assert await client.is_model_ready("digits")
        for is_binary in (False, True):
            check(await client.infer(make_request(is_binary)))


if __name__ == "__main__":
    asyncio.run(use_rest(f"http://{sys.argv[1]}"))
    asyncio.run(use_grpc(sys.argv[2]))
