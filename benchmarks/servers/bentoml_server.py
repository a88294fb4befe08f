"""A BentoML service of one worker, started by its own command."""

import os
import sys
from typing import Any

import bentoml
from pydantic import BaseModel

from benchmarks.servers.mlp import Mlp, ports


class Tensor(BaseModel):
    """A V2 input."""

    name: str
    datatype: str
    shape: list[int]
    data: list[float]


@bentoml.service(workers=1)
class Service:
    """The model."""

    def __init__(self) -> None:
        self.mlp = Mlp()

    @bentoml.api  # type: ignore[untyped-decorator]  # BentoML is not installed where types are checked
    async def infer(self, inputs: list[Tensor]) -> dict[str, Any]:
        """Answer a request."""
        (tensor,) = inputs
        return self.mlp.answer_v2(tensor.shape, tensor.data)


if __name__ == "__main__":
    command = [sys.executable, "-m", "bentoml", "serve", "benchmarks.servers.bentoml_server:Service"]
    os.execv(sys.executable, [*command, "--host", "127.0.0.1", "--port", str(ports()[0])])  # noqa: S606
