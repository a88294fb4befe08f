"""Triton by pytriton: its C++ front end, and Python behind it; REST and gRPC."""

import numpy as np
from pytriton.decorators import batch
from pytriton.model_config import ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig

from benchmarks.servers.mlp import NAME, Mlp, ports

mlp = Mlp()


@batch  # type: ignore[untyped-decorator]  # pytriton is not installed where types are checked
def infer(features: np.ndarray) -> dict[str, np.ndarray]:
    """Answer a batch, which Triton has put together."""
    labels, probabilities = mlp.answer(features)
    return {"label": labels[:, np.newaxis], "probabilities": probabilities}


def main() -> None:
    """Serve until a signal."""
    http, grpc, metrics = ports()
    config = TritonConfig(http_address="127.0.0.1", http_port=http, grpc_port=grpc, metrics_port=metrics)
    with Triton(config=config) as triton:
        triton.bind(
            model_name=NAME,
            infer_func=infer,
            inputs=[Tensor(name="features", dtype=np.float32, shape=(784,))],
            outputs=[
                Tensor(name="label", dtype=np.int64, shape=(1,)),
                Tensor(name="probabilities", dtype=np.float32, shape=(10,)),
            ],
            config=ModelConfig(max_batch_size=64),
        )
        triton.serve()


if __name__ == "__main__":
    main()
