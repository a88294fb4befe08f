"""Ray Serve with one replica, on a Ray of this machine alone."""

import signal
from typing import Any

import ray
from ray import serve
from starlette.requests import Request

from benchmarks.servers.mlp import Mlp, ports


@serve.deployment(num_replicas=1, max_ongoing_requests=100)
class Deployment:
    """The model."""

    def __init__(self) -> None:
        self.mlp = Mlp()

    async def __call__(self, request: Request) -> dict[str, Any]:
        """Answer a request."""
        (tensor,) = (await request.json())["inputs"]
        return self.mlp.answer_v2(tensor["shape"], tensor["data"])


if __name__ == "__main__":
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    serve.start(http_options={"host": "127.0.0.1", "port": ports()[0], "access_log": False})
    serve.run(Deployment.bind(), route_prefix="/infer")  # type: ignore[attr-defined]  # what the decorator makes of it
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
    ray.shutdown()
