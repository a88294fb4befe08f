"""kserve.ModelServer as it is, with a custom model; REST and gRPC."""

import sys
from typing import Any

from numpy.typing import NDArray

from benchmarks.servers.mlp import NAME, Mlp, ports

_HTTP, _GRPC, _ = ports()
sys.argv[1:] = [f"--http_port={_HTTP}", f"--grpc_port={_GRPC}", "--enable_latency_logging=false"]

import kserve  # noqa: E402  # parses sys.argv while it is imported


class Model(kserve.Model):  # type: ignore[misc]  # KServe's SDK has no types
    """The model, as KServe's documentation writes a custom one."""

    def __init__(self) -> None:
        super().__init__(NAME)
        self.mlp = Mlp()
        self.ready = True

    async def predict(self, payload: kserve.InferRequest, headers: dict[str, str] | None = None) -> Any:
        """Answer a V2 request."""
        labels, probabilities = self.mlp.answer(payload.inputs[0].as_numpy())
        outputs = []
        values: NDArray[Any]
        for name, datatype, values in (("label", "INT64", labels), ("probabilities", "FP32", probabilities)):
            output = kserve.InferOutput(name, list(values.shape), datatype)
            output.set_data_from_numpy(values, binary_data=False)
            outputs.append(output)
        return kserve.InferResponse(payload.id or "0", NAME, outputs)


if __name__ == "__main__":
    kserve.ModelServer().start([Model()])
