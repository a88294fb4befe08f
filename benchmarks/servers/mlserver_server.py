"""MLServer with a custom runtime in its own process, which is its faster way for small models; REST and gRPC."""

import asyncio

from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.codecs import NumpyCodec
from mlserver.types import InferenceRequest, InferenceResponse

from benchmarks.servers.mlp import NAME, Mlp, ports


class Runtime(MLModel):  # type: ignore[misc]  # MLServer is not installed where types are checked
    """The model, as MLServer's documentation writes a custom runtime."""

    async def load(self) -> bool:
        """Load the model."""
        self.mlp = Mlp()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """Answer a V2 request."""
        labels, probabilities = self.mlp.answer(NumpyCodec.decode_input(payload.inputs[0]))
        outputs = [
            NumpyCodec.encode_output("label", labels),
            NumpyCodec.encode_output("probabilities", probabilities),
        ]
        return InferenceResponse(model_name=self.name, outputs=outputs)


async def _main() -> None:
    http, grpc, metrics = ports()
    server = MLServer(
        Settings(
            host="127.0.0.1",
            http_port=http,
            grpc_port=grpc,
            metrics_port=metrics,
            parallel_workers=0,
            debug=False,
        )
    )
    await server.start([ModelSettings(name=NAME, implementation=Runtime)])


if __name__ == "__main__":
    asyncio.run(_main())
