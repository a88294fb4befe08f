"""The HTTPRoute that carries a split, written and read. Pure: documents in, documents out.

It is attached as the chart's own route is and strictly more specific (Exact paths before a prefix), so it takes the
inference doors over from that one while its rules match what clients send; deleting it is a complete rollback.

Its rules stay what they are as long as it lives, and a write only changes which of them clients reach, and a weight:

    rule 0   stable and canary, by weight   clients reach it from 1 to 99 %
    rule 1   canary alone                   clients reach it at 100 %
    rule 2   the gateway itself             only probes reach it: they learn which write the gateway goes by

At 0 % clients reach none, and the chart's route sends them to stable. The reason: Envoy Gateway makes a cluster of each
backend that has a weight, and takes it away in the same moment as the routes to it, not before or after. Requests in
between are answered with 500, a few at most, but a rollout may not fail one. So no cluster comes or goes while clients
are sent to it: a route is made, changed in its backends and deleted only where it stands at 0 %.

Every write has a token of its own in a header of each answer. Each backend has a header filter of its own because Envoy
Gateway otherwise makes one cluster of a rule's backends, and counts them as one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from promotion.kubernetes.release import Release
from promotion.routers.traffic_router import Split

Document = Mapping[str, Any]
Probed = Literal["split", "canary", "gateway"]
"""Which rule answers a probe: its value of PROBE_HEADER."""

SPLIT_HEADER = "x-assay-split"
ROLE_HEADER = "x-assay-role"
PROBE_HEADER = "x-assay-probe"
TOKEN_ANNOTATION = "assay.dev/written-as"  # noqa: S105 - no secret: it names a write
PERCENT_ANNOTATION = "assay.dev/canary-percent"
CLASSIFY_PATH = "/classify"
NO_ROUTE = Split(canary_percent=0, written_as="no split route")
_KIND = {"apiVersion": "gateway.networking.k8s.io/v1", "kind": "HTTPRoute"}
_WHILE_UNUSED = 50
"""The canary's weight in rule 0 at 0 and at 100 %: any but those, so that both clusters stay."""


@dataclass(frozen=True, slots=True)
class Services:
    """The Kubernetes Services of both revisions, port 80."""

    stable: str
    canary: str


@dataclass(frozen=True, slots=True)
class SplitRoute:
    """All that a split route says beside the share."""

    release: Release
    parents: list[Any]
    """Gateways, as the chart's route names them."""
    hostnames: list[str]
    services: Services
    model: str
    owner_uid: str
    """Of the ConfigMap with the record: uninstalling the chart removes that, and so this route."""

    def to_document(self, canary_percent: int, token: str, since: Document) -> dict[str, Any]:
        """What is applied in the place of `since`, of which it takes the resourceVersion as precondition."""
        metadata = {
            "name": self.release.split_name,
            "namespace": self.release.namespace,
            "resourceVersion": since["metadata"]["resourceVersion"],
            "labels": {
                "app.kubernetes.io/name": "assay",
                "app.kubernetes.io/instance": self.release.name,
                "app.kubernetes.io/component": "promotion",
                "app.kubernetes.io/managed-by": "assay-rollout",
            },
            "annotations": _annotations(canary_percent, token),
            "ownerReferences": [
                {"apiVersion": "v1", "kind": "ConfigMap", "name": self.release.state_name, "uid": self.owner_uid}
            ],
        }
        spec = {"parentRefs": self.parents, "hostnames": self.hostnames, "rules": self._rules(canary_percent, token)}
        return {**_KIND, "metadata": metadata, "spec": spec}

    def _rules(self, canary_percent: int, token: str) -> list[dict[str, Any]]:
        paths = (CLASSIFY_PATH, f"/v2/models/{self.model}/infer")
        clients = [_match(path) for path in paths]
        is_mixed = 0 < canary_percent < 100
        weight = canary_percent if is_mixed else _WHILE_UNUSED
        named = _setting("Response", SPLIT_HEADER, token)
        return [
            {
                "matches": [_match(CLASSIFY_PATH, "split"), *(clients if is_mixed else [])],
                "filters": [named],
                "backendRefs": self._backends(weight),
            },
            {
                "matches": [_match(CLASSIFY_PATH, "canary"), *(clients if canary_percent == 100 else [])],
                "filters": [named],
                "backendRefs": self._backends(100),
            },
            {
                "matches": [_match(CLASSIFY_PATH, "gateway")],
                "filters": [named, {"type": "RequestRedirect", "requestRedirect": {"statusCode": 302}}],
            },
        ]

    def _backends(self, canary_weight: int) -> list[dict[str, Any]]:
        """Stable first and the canary second, even where one has no weight: what is counted is told by the position."""
        return [
            _backend(self.services.stable, "stable", 100 - canary_weight),
            _backend(self.services.canary, "canary", canary_weight),
        ]


def detached_document(release: Release) -> dict[str, Any]:
    """A route that is attached to no gateway: it takes the name, and gives a resourceVersion to go on from.

    Server-side apply makes what is not there whatever resourceVersion it names, so only this keeps two of the same
    field manager from both making the route.
    """
    return {**_KIND, "metadata": {"name": release.split_name, "namespace": release.namespace}, "spec": {}}


def restored_document(route: Document, token: str) -> dict[str, Any] | None:
    """`route` at 0 %; None where it is not of a rollout's making.

    It is made from the route itself, so that restoring depends on nothing else that may be gone.
    """
    metadata, spec = route["metadata"], route["spec"]
    named = _setting("Response", SPLIT_HEADER, token)
    rules = []
    for rule in spec.get("rules", []):
        probes = [match for match in rule.get("matches", []) if not _is_for_clients(match)]
        filters = [named if filter_["type"] == named["type"] else filter_ for filter_ in rule.get("filters", [])]
        if not probes or named not in filters:
            return None
        rules.append({**rule, "matches": probes, "filters": filters})
    own = ("name", "namespace", "resourceVersion", "labels", "ownerReferences")
    kept = {key: value for key, value in metadata.items() if key in own}
    return {**_KIND, "metadata": {**kept, "annotations": _annotations(0, token)}, "spec": {**spec, "rules": rules}}


def split_of(route: Document | None, stable_services: tuple[str, ...]) -> Split:
    """What `route` splits; a route that is attached to nothing splits nothing.

    The token is the object's identity and its generation, which the API server raises with every change of the spec:
    so a change by hand is seen as well, even one that keeps every annotation. The share is of what does not go to
    stable, rounded up, the largest where clients reach several rules.
    """
    if route is None or not route["spec"].get("parentRefs"):
        return NO_ROUTE
    metadata = route["metadata"]
    reached = [rule for rule in route["spec"].get("rules", []) if any(map(_is_for_clients, rule.get("matches", [{}])))]
    shares = [_canary_percent(rule.get("backendRefs", []), stable_services) for rule in reached]
    return Split(max(shares, default=0), f"{metadata['uid']}/{metadata['generation']}")


def token_of(route: Document) -> str | None:
    """The token that answers by this route carry; None for a route that no rollout wrote."""
    for rule in route["spec"].get("rules", []):
        for filter_ in rule.get("filters", []):
            for header in filter_.get("responseHeaderModifier", {}).get("set", []):
                if header["name"] == SPLIT_HEADER:
                    return str(header["value"])
    return None


def _is_for_clients(match: Document) -> bool:
    return all(header["name"] != PROBE_HEADER for header in match.get("headers", []))


def _canary_percent(backends: list[Any], stable_services: tuple[str, ...]) -> int:
    weights = [(each["name"] in stable_services, each.get("weight", 1)) for each in backends]
    total = sum(weight for _, weight in weights)
    others = sum(weight for is_stable, weight in weights if not is_stable)
    return -(-100 * others // total) if total else 0


def _annotations(canary_percent: int, token: str) -> dict[str, str]:
    """For people; nothing reads them."""
    return {PERCENT_ANNOTATION: str(canary_percent), TOKEN_ANNOTATION: token}


def _match(path: str, probed: Probed | None = None) -> dict[str, Any]:
    match: dict[str, Any] = {"path": {"type": "Exact", "value": path}, "method": "POST"}
    if probed is not None:
        match["headers"] = [{"type": "Exact", "name": PROBE_HEADER, "value": probed}]
    return match


def _backend(service: str, role: str, weight: int) -> dict[str, Any]:
    return {"name": service, "port": 80, "weight": weight, "filters": [_setting("Request", ROLE_HEADER, role)]}


def _setting(side: str, header: str, value: str) -> dict[str, Any]:
    """A filter that sets a header of the `Request` or of the `Response`."""
    key = f"{side.lower()}HeaderModifier"
    return {"type": f"{side}HeaderModifier", key: {"set": [{"name": header, "value": value}]}}
