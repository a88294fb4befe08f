"""What the chart's own route says: where stable is, and which gateway a split has to be attached to."""

from collections.abc import Callable
from dataclasses import dataclass

from promotion.kubernetes.api_server import ApiServer, JsonObject
from promotion.kubernetes.errors import RouteNotUsable
from promotion.kubernetes.release import Release
from promotion.kubernetes.split_route import Services, SplitRoute


@dataclass(frozen=True, slots=True)
class Revisions:
    """The names of the revisions that have the roles, such as v1 and v2."""

    stable: str
    canary: str


def read_stable(api: ApiServer, release: Release) -> str:
    """The name of the revision that the chart's route sends to. Raises RouteNotUsable, ApiUnreachable, ApiRefused."""
    route = api.read(release.route) or {}
    for rule in route.get("spec", {}).get("rules", []):
        for backend in rule.get("backendRefs", []):
            return str(backend["name"]).removeprefix(f"{release.name}-").removesuffix("-predictor")
    raise RouteNotUsable(f"HTTPRoute {release.name} in namespace {release.namespace} sends to nobody")


@dataclass(frozen=True, slots=True)
class BaseRoute:
    """The chart's route of a release; every call raises ApiUnreachable, ApiRefused."""

    api: ApiServer
    release: Release
    revisions: Revisions

    def plan_split(self, read_model: Callable[[], str]) -> SplitRoute:
        """A split beside it. RouteNotUsable where it does not send to stable, as everything would without a split.

        `read_model` says which model's door is split.
        """
        base = self._read(self.release.route, "HTTPRoute", self.release.name)
        state = self._read(self.release.record, "ConfigMap", self.release.state_name)
        return SplitRoute(
            release=self.release,
            parents=base["spec"].get("parentRefs", []),
            hostnames=base["spec"].get("hostnames", []),
            services=self._find_services(base),
            model=read_model(),
            owner_uid=state["metadata"]["uid"],
        )

    def read_hostnames(self) -> list[str]:
        """The hosts that it is for; empty for any."""
        base = self.api.read(self.release.route) or {}
        hostnames: list[str] = base.get("spec", {}).get("hostnames", [])
        return hostnames

    def _find_services(self, base: JsonObject) -> Services:
        """Both are called in the way in which it calls stable's: KServe's have a suffix."""
        backends = [each["name"] for rule in base["spec"].get("rules", []) for each in rule.get("backendRefs", [])]
        possible = self.release.services_of(self.revisions.stable), self.release.services_of(self.revisions.canary)
        for stable, canary in zip(*possible, strict=True):
            if stable in backends:
                return Services(stable, canary)
        raise RouteNotUsable(
            f"HTTPRoute {self.release.name} sends to {' and '.join(backends) or 'nobody'}; "
            f"expected stable, {' or '.join(possible[0])}"
        )

    def _read(self, path: str, kind: str, name: str) -> JsonObject:
        if (found := self.api.read(path)) is None:
            raise RouteNotUsable(f"{kind} {name} is not in namespace {self.release.namespace}; the chart makes it")
        return found
