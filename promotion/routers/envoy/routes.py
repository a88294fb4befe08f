"""The route table that carries a split, as Envoy reads it (RDS).

The inference doors (POST /classify, POST /v2/models/<any>[/versions/<any>]/infer) are split; everything else goes to
stable. The table's metadata carries the split's token: Envoy's config dump shows it once the table is in force, and a
unique token makes every write a reload, so that even the same percentage written again can be confirmed.

No request fails for the client when a revision goes away: a request that was drawn for the canary goes to the aggregate
cluster `canary-or-stable`, and `previous_priorities` makes its retry leave the canary for stable. `reset` repeats an
inference whose connection broke, which is safe because an inference changes nothing. Two limits: a body over 1 MiB is
not kept for a retry, and a 5xx that a revision itself answers is not retried, so that the client and the gate see it.

`per_try_timeout` is not set by default: it would cut a slow but honest inference and run it again on a machine that is
busy already. It only helps against a revision that hangs with its sockets open; who sets it sets it above the slowest
inference.
"""

from dataclasses import dataclass
from typing import Any

from promotion.routers.envoy.state_directory import JsonObject
from promotion.routers.traffic_router import Split

ROUTE_CONFIGURATION = "assay"
SPLIT_ROUTE = "split"
BASE_ROUTE = "base"
REVISION_HEADER = "x-assay-revision"

_TYPES = "type.googleapis.com/envoy"
_INFER_PATH = "/v2/models/[^/]+(/versions/[^/]+)?/infer"


@dataclass(frozen=True, slots=True)
class RouteTable:
    """A written split, with what has to survive the next write of it."""

    split: Split
    refusals_before: int
    """What Envoy had refused when this table was written: more than that means that it refused this one."""
    request_timeout_seconds: float
    per_try_timeout_seconds: float | None

    def to_document(self) -> JsonObject:
        """The RDS file."""
        metadata = {
            "split": self.split.written_as,
            "canary_percent": self.split.canary_percent,
            "mirrors": self.split.mirrors,
            "refusals_before": self.refusals_before,
            "request_timeout_seconds": self.request_timeout_seconds,
            "per_try_timeout_seconds": self.per_try_timeout_seconds,
        }
        revision_header = {"header": {"key": REVISION_HEADER, "value": "%UPSTREAM_METADATA(assay:revision)%"}}
        configuration = {
            "@type": f"{_TYPES}.config.route.v3.RouteConfiguration",
            "name": ROUTE_CONFIGURATION,
            "validate_clusters": True,  # else an unknown cluster is taken and answers 503
            "metadata": {"filter_metadata": {"assay": metadata}},
            "response_headers_to_add": [{**revision_header, "append_action": "OVERWRITE_IF_EXISTS_OR_ADD"}],
            "virtual_hosts": [{"name": "all", "domains": ["*"], "routes": self._routes()}],
        }
        return {"version_info": self.split.written_as, "resources": [configuration]}

    @staticmethod
    def from_document(document: JsonObject) -> "RouteTable":
        """The table in an RDS file. Raises KeyError, IndexError or TypeError for another document."""
        metadata: dict[str, Any] = document["resources"][0]["metadata"]["filter_metadata"]["assay"]
        return RouteTable(
            split=Split(metadata["canary_percent"], metadata["split"], metadata.get("mirrors", False)),
            refusals_before=metadata["refusals_before"],
            request_timeout_seconds=metadata["request_timeout_seconds"],
            per_try_timeout_seconds=metadata["per_try_timeout_seconds"],
        )

    def _routes(self) -> list[JsonObject]:
        percent = self.split.canary_percent
        weights = [{"name": "stable", "weight": 100 - percent}, {"name": "canary-or-stable", "weight": percent}]
        split = {"weighted_clusters": {"clusters": weights}, **self._attempts("connect-failure,refused-stream,reset")}
        if self.split.mirrors:  # to the canary itself: the aggregate would send stable a second copy without one
            split["request_mirror_policies"] = [{"cluster": "canary"}]
        # A read may be repeated; another request may have changed something before its connection broke.
        read = {"cluster": "stable", **self._attempts("connect-failure,refused-stream,reset")}
        other = {"cluster": "stable", **self._attempts("connect-failure,refused-stream")}
        return [
            {"name": SPLIT_ROUTE, "match": {"path": "/classify", **_method("POST")}, "route": split},
            {"name": SPLIT_ROUTE, "match": {"safe_regex": {"regex": _INFER_PATH}, **_method("POST")}, "route": split},
            {"name": BASE_ROUTE, "match": {"prefix": "/", **_method("GET")}, "route": read},
            {"name": BASE_ROUTE, "match": {"prefix": "/"}, "route": other},
        ]

    def _attempts(self, retry_on: str) -> JsonObject:
        retry: JsonObject = {
            "retry_on": retry_on,
            "num_retries": 2,
            "retry_back_off": {"base_interval": "0.005s", "max_interval": "0.05s"},
            "retry_priority": {
                "name": "envoy.retry_priorities.previous_priorities",
                "typed_config": {
                    "@type": f"{_TYPES}.extensions.retry.priority.previous_priorities.v3.PreviousPrioritiesConfig",
                    "update_frequency": 1,
                },
            },
        }
        if self.per_try_timeout_seconds is not None:
            retry["per_try_timeout"] = _duration(self.per_try_timeout_seconds)
        return {"timeout": _duration(self.request_timeout_seconds), "retry_policy": retry}


def _duration(seconds: float) -> str:
    return f"{seconds:.3f}s"


def _method(name: str) -> JsonObject:
    return {"headers": [{"name": ":method", "string_match": {"exact": name}}]}
