"""FastAPI with pydantic, `async def`, on uvicorn with uvloop and httptools: the fastest that its documentation has."""

from typing import Any

import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel

from benchmarks.servers.mlp import Mlp, ports

app = FastAPI()
mlp = Mlp()


class Tensor(BaseModel):
    """A V2 input."""

    name: str
    datatype: str
    shape: list[int]
    data: list[float]


class InferRequest(BaseModel):
    """A V2 request."""

    inputs: list[Tensor]


@app.post("/infer")
async def infer(request: InferRequest) -> dict[str, Any]:
    """Answer a request."""
    (tensor,) = request.inputs
    return mlp.answer_v2(tensor.shape, tensor.data)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=ports()[0], log_level="warning", access_log=False)
