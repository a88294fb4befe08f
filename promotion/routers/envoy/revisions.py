"""Who has which role, as Envoy reads it (EDS): one endpoint a role, which carries the revision's name.

The name stands in the endpoint's metadata, so the answer's header `x-assay-revision` and the counters name the
endpoint that really answered, also after a retry, and not the one that was drawn first. (Where nobody answered, the
header on Envoy's own 503 names the one that was tried last.)
"""

import ipaddress
import re
from dataclasses import dataclass
from typing import Literal

from promotion.routers.envoy.state_directory import JsonObject

Role = Literal["stable", "canary"]

_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")
_TYPE = "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment"


@dataclass(frozen=True, slots=True)
class RevisionEndpoint:
    """Where a revision answers. ValueError for a name that is no header value, a host name, or a port of no sense."""

    name: str
    """Letters, digits, `.`, `_`, `-`; what `x-assay-revision` says."""
    host: str
    """An IP address: Envoy connects to addresses, and a name could change its meaning under traffic."""
    port: int

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"revision {self.name!r} is no name; expected letters, digits, '.', '_' or '-', 1 to 63")
        if not 1 <= self.port <= 65535:
            raise ValueError(f"revision {self.name}: port {self.port} is outside 1..65535")
        try:
            ipaddress.ip_address(self.host)
        except ValueError as error:
            raise ValueError(f"revision {self.name}: {self.host!r} is no IP address, such as 127.0.0.1") from error

    @property
    def address(self) -> str:
        """`host:port`, with the brackets that an IPv6 address needs."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """Base URL of the revision itself, past the gateway."""
        return f"http://{self.address}"


@dataclass(frozen=True, slots=True)
class Revisions:
    """Who has which role."""

    stable: RevisionEndpoint
    canary: RevisionEndpoint | None

    def of(self, role: Role) -> RevisionEndpoint | None:
        """The revision with that role."""
        return self.stable if role == "stable" else self.canary


@dataclass(frozen=True, slots=True)
class ServedEndpoint:
    """An endpoint as Envoy uses it now."""

    revision: RevisionEndpoint
    is_healthy: bool


def to_endpoints_document(role: Role, revision: RevisionEndpoint | None) -> JsonObject:
    """The EDS file of a role."""
    endpoints = []
    if revision is not None:
        address = {"socket_address": {"address": revision.host, "port_value": revision.port}}
        metadata = {"filter_metadata": {"assay": {"revision": revision.name, "role": role}}}
        endpoints.append({"lb_endpoints": [{"endpoint": {"address": address}, "metadata": metadata}]})
    return {"resources": [{"@type": _TYPE, "cluster_name": role, "endpoints": endpoints}]}


def read_endpoints_document(document: JsonObject) -> RevisionEndpoint | None:
    """The revision in an EDS file. Raises KeyError, IndexError, TypeError or ValueError for another document."""
    served = read_load_assignment(document["resources"][0])
    return None if served is None else served.revision


def read_load_assignment(assignment: JsonObject) -> ServedEndpoint | None:
    """The endpoint in a ClusterLoadAssignment, of an EDS file or of Envoy's config dump; None where there is none."""
    endpoints = [each for locality in assignment.get("endpoints", []) for each in locality.get("lb_endpoints", [])]
    if not endpoints:
        return None
    address = endpoints[0]["endpoint"]["address"]["socket_address"]
    name = endpoints[0]["metadata"]["filter_metadata"]["assay"]["revision"]
    return ServedEndpoint(
        revision=RevisionEndpoint(name=name, host=address["address"], port=address["port_value"]),
        is_healthy=endpoints[0].get("health_status") == "HEALTHY",
    )
