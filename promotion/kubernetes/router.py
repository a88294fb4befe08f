"""The split of a release in a cluster: an HTTPRoute that nobody else writes.

Nothing is kept in this object; the API server has it all. Every write names the version that it replaces, so of two
writers one is refused, and it goes through server-side apply without force, so what another field manager has taken
over is not taken back. No route means 0 %: deleting it by hand is a complete rollback, and whoever rolls out sees that
somebody else wrote.

restore_stable writes 0 % rather than deleting the route. Then answers prove that it is in force, whoever read the split
before is refused, no two writes share a token (an object that is gone has none), and no request fails, as a few may
when a route is deleted under traffic (split_route says why). It deletes only a route that it cannot write.
"""

import time
from collections.abc import Callable
from uuid import uuid4

from promotion.kubernetes.api_server import ApiServer, JsonObject
from promotion.kubernetes.base_route import BaseRoute, Revisions
from promotion.kubernetes.errors import ApiConflict, RevisionNotAvailable, as_router_errors
from promotion.kubernetes.gateway_probe import GatewayProbe
from promotion.kubernetes.ready_endpoints import read_ready
from promotion.kubernetes.release import Release
from promotion.kubernetes.route_conditions import ACCEPTED, RESOLVED, find_refusal, find_unseen
from promotion.kubernetes.split_route import (
    NO_ROUTE,
    Services,
    SplitRoute,
    detached_document,
    restored_document,
    split_of,
    token_of,
)
from promotion.routers.canary_percent import refuse_impossible_percent
from promotion.routers.traffic_router import RouterUnreachable, Split, SplitConflict, SplitNotConfirmed

WRITES = 10
"""A route's version changes with its status, too: so often a write is tried again while the split is the same."""
POLL_SECONDS = 0.02
NAMER = "assay-rollout-name"
"""Field manager of the detached route: it owns nothing that a split is."""
PREPARE_SECONDS = 10.0
"""How long a new route may take to be ready behind the gateway."""
GRACE_SECONDS = 1.0
"""What a gateway is given to forget a route that no answer told of; it takes about 0.3 s."""


class KubernetesRouter:
    """TrafficRouter of a release. Beside the seam's errors it raises RevisionNotAvailable and RouteNotUsable."""

    def __init__(
        self,
        api: ApiServer,
        release: Release,
        revisions: Revisions,
        gateway: GatewayProbe,
        read_model: Callable[[], str],
        *,
        is_canary_lost: Callable[[], bool] = lambda: False,
        restore_timeout_seconds: float = 10.0,
    ) -> None:
        """`read_model` says which model's door is split; it is asked before a split is written."""
        self._api = api
        self._release = release
        self._base = BaseRoute(api, release, revisions)
        self._gateway = gateway
        self._read_model = read_model
        self._is_canary_lost = is_canary_lost
        self._restore_timeout_seconds = restore_timeout_seconds
        self._stable_services = release.services_of(revisions.stable)

    def read_split(self) -> Split:
        """The split that was last written, by whomever; 0 % where there is no route."""
        with as_router_errors():
            return self._split_of(self._read_route())

    def prepare(self) -> None:
        """Have the route ready behind the gateway at 0 %, so that no request fails when clients are first sent to it.

        A split above 0 % is left as it is. Raises what write_split and confirm_split do. Can be repeated.
        """
        with as_router_errors():
            since = self._split_of(self._read_route())
            if since.canary_percent == 0:
                self._prepare(self._base.plan_split(self._read_model), since)

    def write_split(self, canary_percent: int, since: Split) -> Split:
        """As the seam says; RevisionNotAvailable where a share would go to a revision without a ready endpoint.

        Where there was no route it is prepared first: SplitNotConfirmed when that takes too long, and it stands at 0 %.
        """
        refuse_impossible_percent(canary_percent)
        with as_router_errors():
            self._refuse_others_split(self._read_route(), since)
            wanted = self._base.plan_split(self._read_model)
            if canary_percent > 0:
                self._refuse_unavailable(wanted.services, canary_percent)
            if since == NO_ROUTE:
                since = self._prepare(wanted, since)
            return self._write(wanted, canary_percent, since)

    def confirm_split(self, split: Split, timeout_seconds: float) -> None:
        """Return once the controller has accepted the route and the gateway's answers carry its token.

        RevisionNotAvailable as soon as the canary of a share has no ready endpoint any more.
        """
        self._wait(lambda: self._find_missing(split), split, timeout_seconds)

    def restore_stable(self) -> None:
        """As the seam says. Where there is no route nothing is written: the chart's own sends everything to stable."""
        with as_router_errors():
            restored = self._write_restored()
        self.confirm_split(restored, self._restore_timeout_seconds)

    def remove_route(self) -> None:
        """Delete the route where it stands at 0 %: no request notices.

        After restore_stable, which sends everything where the chart's own route does: to stable, or to a promoted
        canary that the chart's values name as stable. Raises SplitConflict at another share, RouterUnreachable. Can be
        repeated.
        """
        with as_router_errors():
            route = self._read_route()
            if route is None:
                return
            if (percent := self._split_of(route).canary_percent) != 0:
                raise SplitConflict(f"{self._release.split_name} stands at {percent} %; it is not removed")
            self._api.delete(self._release.split_route, _identity(route, "uid", "resourceVersion"))

    def _read_route(self) -> JsonObject | None:
        return self._api.read(self._release.split_route)

    def _split_of(self, route: JsonObject | None) -> Split:
        return split_of(route, self._stable_services)

    def _prepare(self, wanted: SplitRoute, since: Split) -> Split:
        prepared = self._write(wanted, 0, since)
        self._wait(lambda: self._find_missing(prepared) or self._find_cold(wanted), prepared, PREPARE_SECONDS)
        return prepared

    def _write(self, wanted: SplitRoute, canary_percent: int, since: Split) -> Split:
        for _ in range(WRITES):
            route = self._read_route()
            self._refuse_others_split(route, since)
            if route is None:
                self._api.apply(self._release.split_route, detached_document(self._release), NAMER)
                continue
            try:
                document = wanted.to_document(canary_percent, _new_token(), route)
                return self._split_of(self._api.apply(self._release.split_route, document))
            except ApiConflict as error:
                if error.has_other_owners:
                    raise
        raise self._never_stands_still()

    def _refuse_others_split(self, route: JsonObject | None, since: Split) -> None:
        found = self._split_of(route)
        if found.written_as != since.written_as:
            raise SplitConflict(
                f"{self._release.split_name}: somebody has written {found.canary_percent} % since "
                f"{since.canary_percent} % was read; read the split again"
            )

    def _refuse_unavailable(self, services: Services, canary_percent: int) -> None:
        for service, percent in ((services.stable, 100 - canary_percent), (services.canary, canary_percent)):
            if percent > 0 and read_ready(self._api, self._release, service) == 0:
                raise RevisionNotAvailable(
                    f"Service {service} has no ready endpoint, so its {percent} % would have nowhere to go"
                )

    def _wait(self, find_missing: Callable[[], str | None], split: Split, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        while (missing := find_missing()) is not None:
            if time.monotonic() >= deadline:
                raise SplitNotConfirmed(
                    f"{self._release.split_name}: {split.canary_percent} % is not in force after "
                    f"{timeout_seconds:g} s: {missing}"
                )
            time.sleep(POLL_SECONDS)

    def _find_missing(self, split: Split) -> str | None:
        """What keeps `split` from being in force; raises where waiting does not help."""
        if split.canary_percent > 0 and self._is_canary_lost():
            raise RevisionNotAvailable("the canary's last ready endpoint is gone")
        with as_router_errors():
            route = self._read_route()
            found = self._split_of(route)
            if found.written_as != split.written_as:
                raise SplitNotConfirmed(
                    f"{self._release.split_name}: {split.canary_percent} % was replaced by {found.canary_percent} %"
                )
            if route is None or found == NO_ROUTE:
                return self._gateway.find_other_answer(None, self._base.read_hostnames())
        required = (ACCEPTED, RESOLVED) if split.canary_percent > 0 else (ACCEPTED,)  # nobody needs a Service at 0 %
        if (refusal := find_refusal(route, required)) is not None:
            raise SplitNotConfirmed(f"{self._release.split_name}: {refusal}")
        if (token := token_of(route)) is None:
            raise SplitNotConfirmed(f"{self._release.split_name} is no rollout's: no answer can prove it")
        hostnames = route["spec"].get("hostnames", [])
        return find_unseen(route, required) or self._gateway.find_other_answer(token, hostnames)

    def _find_cold(self, wanted: SplitRoute) -> str | None:
        """Whether the rules that clients will reach answer, each through the revisions that it names."""
        route = self._read_route()
        token = token_of(route) if route is not None else None
        return self._gateway.find_other_answer(token, wanted.hostnames, "split") or self._gateway.find_other_answer(
            token, wanted.hostnames, "canary"
        )

    def _write_restored(self) -> Split:
        for _ in range(WRITES):
            route = self._read_route()
            if route is None or self._split_of(route) == NO_ROUTE:
                return NO_ROUTE
            try:
                restored = restored_document(route, _new_token())
                if restored is not None:
                    return self._split_of(self._api.apply(self._release.split_route, restored))
                self._delete(route)
            except ApiConflict as error:
                if error.has_other_owners:
                    self._delete(route)
        raise self._never_stands_still()

    def _delete(self, route: JsonObject) -> None:
        self._api.delete(self._release.split_route, _identity(route, "uid"))
        if token_of(route) is None:
            time.sleep(GRACE_SECONDS)

    def _never_stands_still(self) -> RouterUnreachable:
        return RouterUnreachable(f"{self._release.split_name} changed {WRITES} times while it was to be written")


def _new_token() -> str:
    return uuid4().hex[:12]


def _identity(route: JsonObject, *fields: str) -> JsonObject:
    return {field: route["metadata"][field] for field in fields}
