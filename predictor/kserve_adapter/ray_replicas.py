"""`--ray_replicas N`: the same model in replicas on Ray Serve, behind a kserve.ray.RayModel in the stock ModelServer.

    client -> kserve.ModelServer -> ReplicatedModel -> Ray Serve -> Replica, N times

KServe's RayModel hands a request over and knows nothing of Ray's errors: what a replica raises comes back wrapped, with
a traceback for a text, and would be answered with 500. ReplicatedModel unwraps it, so that each error keeps its code.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil
from pathlib import Path
from typing import Any

import kserve
import ray
from kserve.model import InferenceVerb
from kserve.protocol.infer_type import to_http_parameters
from kserve.ray import RayModel
from ray import serve
from ray.exceptions import RayTaskError

from predictor.kserve_adapter.model import AssayModel
from predictor.settings import PredictorSettings

_OBJECT_STORE_BYTES = 80 * 2**20  # requests pass through it when they are large


class Replica(AssayModel):
    """A model in a process of Ray's: there when it is loaded."""

    def __init__(self, name: str, bundle_path: Path, settings: PredictorSettings) -> None:
        super().__init__(name, bundle_path, settings)
        self.load()


class ReplicatedModel(RayModel):  # type: ignore[misc]  # KServe's SDK has no types
    """The replicas, as KServe sees them: one model, whose errors are those of AssayModel."""

    def load(self) -> bool:
        """Nothing is left to load: a replica is there when it has loaded."""
        self.ready = True
        return True

    async def __call__(
        self, body: Any, headers: dict[str, str] | None = None, verb: InferenceVerb = InferenceVerb.PREDICT
    ) -> Any:
        """What a replica answers. Raises what it raises."""
        try:
            return await self._handle.remote(_portable(body), headers=headers, verb=verb)
        except RayTaskError as error:
            raise error.cause from None


@contextmanager
def replicated(
    name: str, bundle_path: Path, settings: PredictorSettings, *, replicas: int, cpus: float, address: str | None
) -> Iterator[ReplicatedModel]:
    """The model in `replicas` processes of `cpus` each, on the Ray cluster at `address` or a new one on this machine.

    `bundle_path` has to be there on every node. Raises RuntimeError, Ray's, where a replica does not come up.
    """
    if address is None:
        ray.init(
            num_cpus=ceil(replicas * cpus),
            include_dashboard=False,
            object_store_memory=_OBJECT_STORE_BYTES,
            _node_ip_address="127.0.0.1",
        )
    else:
        ray.init(address=address)
    try:
        serve.start(proxy_location="Disabled")  # KServe has the doors
        options = {"num_cpus": cpus}
        deployment = serve.deployment(name=name, num_replicas=replicas, ray_actor_options=options)(Replica)
        handle = serve.run(deployment.bind(name, bundle_path, settings), name=name, route_prefix=None)
        model = ReplicatedModel(name, handle)
        model.load()
        yield model
        serve.delete(name)
    finally:
        ray.shutdown()


def _portable(body: Any) -> Any:
    """A request without protobuf in it, which cannot be sent to a replica."""
    if isinstance(body, kserve.InferRequest):
        for part in (body, *body.inputs, *(body.request_outputs or ())):
            part.parameters = to_http_parameters(part.parameters or {})
    return body
