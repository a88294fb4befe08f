"""Chooses the concrete classes behind the seams of a rollout in a cluster."""

from dataclasses import dataclass, replace

from access.caller import OwnCredentials
from assay.further_rows import rows_in_store
from assay.guardrail_sources import DEFAULT_SOURCES, GuardrailSources
from assay.output import say
from assay.registry_aliases import with_aliases
from assay.rollout import RolloutParts, give_up_rollout, run_rollout, supersede_rollout
from assay.rollout_notes import rollout_notes
from assay.rollout_text import RolloutTeller
from assay.rollout_watch import RolloutWatch
from assay.termination import Terminated
from assay.whoami import who
from assay.wiring import dry_run_parts, dry_run_plan, holdout_replay
from dataset import LabelledRows
from promotion.clock import SystemClock
from promotion.errors import PromotionError
from promotion.evidence.evidence_source import EvidenceSource
from promotion.evidence.named_bundles import NamedBundles
from promotion.evidence.predictor_counter import PredictorCounter
from promotion.evidence.predictor_served import PredictorServed
from promotion.gate.policy import GatePolicy
from promotion.gate.record import EvidenceRecord
from promotion.guardrails.guardrail_source import GuardrailSource
from promotion.kubernetes.api_server import ApiServer
from promotion.kubernetes.base_route import Revisions, read_stable
from promotion.kubernetes.canary_start import CanaryStart
from promotion.kubernetes.endpoint_watch import EndpointWatch
from promotion.kubernetes.envoy_counter import EnvoyGatewayCounter
from promotion.kubernetes.envoy_served import EnvoyGatewayServed
from promotion.kubernetes.errors import RouteNotUsable, as_rollout_errors, as_router_errors
from promotion.kubernetes.gateway_probe import GatewayProbe
from promotion.kubernetes.promotion_job import PromotionJob
from promotion.kubernetes.ready_endpoints import list_urls
from promotion.kubernetes.release import Release
from promotion.kubernetes.rollout_events import RolloutEvents
from promotion.kubernetes.rollout_orders import ClusterRolloutOrders
from promotion.kubernetes.rollout_store import ClusterRolloutStore
from promotion.kubernetes.router import KubernetesRouter
from promotion.kubernetes.watched import WatchedClock, WatchedSource
from promotion.rollout.abort import RolloutAbort
from promotion.rollout.orders import RolloutOrders
from promotion.rollout.record import RolloutPlan, RolloutRecord, RolloutState
from promotion.routers.dry_run import DryRunCounter
from promotion.routers.request_counts import RequestCounter


@dataclass(frozen=True, slots=True)
class NamedRevision:
    """A revision's name, where it answers past the gateway, and the bundle that it has to run, or None for any."""

    name: str
    url: str
    bundle_digest: str | None


@dataclass(frozen=True, slots=True)
class ClusterRollout:
    """A rollout of a release of the chart."""

    release: Release
    stable: NamedRevision
    canary: NamedRevision
    gateway_url: str
    gateway_stats_url: str | None
    """None: nothing is counted, and a step sees no requests."""
    holdout: LabelledRows
    policy: GatePolicy
    is_dry_run: bool
    ready_seconds: float
    """How long the canary may take to start."""
    job: str | None = None
    """The Job that runs this; None: somebody runs it who can run it again."""
    supersedes: bool = False
    """Whether a rollout of another canary that is under way is ended; the newer canary has to answer by then."""
    guardrails: GuardrailSources = DEFAULT_SOURCES
    rows_from: str | None = None
    """The store that further rows are fetched from."""

    def run(self, plan: RolloutPlan, teller: RolloutTeller) -> RolloutRecord:
        """Begin or resume, run to the end, and show it on the way. Raises PromotionError.

        Terminated leaves a record to resume from; but where the Job has ended everything goes back to stable first.
        """
        replay = holdout_replay(self.stable.url, self.canary.url)
        source = NamedBundles(replay, self.stable.bundle_digest, self.canary.bundle_digest)
        if self.is_dry_run:
            return run_rollout(dry_run_parts(source), dry_run_plan(plan), self.holdout, self.policy, teller)
        with as_router_errors():
            api = ApiServer.connect()
            watch = EndpointWatch(api, self.release, self.canary.name)
            watch.start()
        environment = f"{self.release.namespace}/{self.release.name}"
        store = ClusterRolloutStore(api, self.release)
        try:
            with rollout_notes(environment, lambda _record: store.read_evidence()) as note:
                parts = with_aliases(replace(self._parts(api, source, watch, store), note=note))
                return self._run(plan, teller, api, source, parts)
        finally:
            watch.stop()

    def _run(
        self, plan: RolloutPlan, teller: RolloutTeller, api: ApiServer, source: EvidenceSource, parts: RolloutParts
    ) -> RolloutRecord:
        try:
            if self.supersedes:
                supersede_rollout(parts, plan, source, self.holdout, self.policy, who())
            return run_rollout(parts, plan, self.holdout, self.policy, teller)
        except Terminated:
            end = self._find_end(api)
            if end is None:
                say("SIGTERM: the split stays as it is; the same command goes on from the record")
                raise
            say(f"SIGTERM: {end}")
            restored = give_up_rollout(parts, self.holdout, self.policy, teller, end)
            if restored is None:
                raise
            return restored

    def _list_urls(self, api: ApiServer, revision: NamedRevision) -> list[str]:
        with as_router_errors():
            return list_urls(api, self.release, revision.url, revision.name)

    def _list_both(self, api: ApiServer) -> tuple[list[str], list[str]]:
        return self._list_urls(api, self.stable), self._list_urls(api, self.canary)

    def _find_end(self, api: ApiServer) -> str | None:
        if self.job is None:
            return None
        with as_router_errors():
            return PromotionJob(api, self.release, self.job).find_end()

    def _parts(
        self, api: ApiServer, source: EvidenceSource, watch: EndpointWatch, store: ClusterRolloutStore
    ) -> RolloutParts:
        router = KubernetesRouter(
            api,
            self.release,
            Revisions(self.stable.name, self.canary.name),
            GatewayProbe(self.gateway_url),
            lambda: _model_of(source),
            is_canary_lost=watch.is_lost,
        )
        counter: RequestCounter = DryRunCounter()
        made: dict[str, GuardrailSource] = {
            "revisions": PredictorServed(lambda: self._list_both(api), OwnCredentials.read())
        }
        if self.gateway_stats_url is not None:
            counter = gateway = EnvoyGatewayCounter(self.gateway_stats_url, self.release)
            made["gateway"] = EnvoyGatewayServed(gateway)
        start = CanaryStart(self.release, self.canary.name, watch, source, self.ready_seconds, say)

        def prepare() -> None:
            start.wait()
            router.prepare()

        def keep_evidence(_record: RolloutRecord, evidence: EvidenceRecord) -> None:
            store.save_evidence(evidence)

        return RolloutParts(
            router=router,
            counter=counter,
            source=WatchedSource(source, watch, router.read_split),
            store=store,
            clock=WatchedClock(SystemClock(), watch),
            keep_evidence=keep_evidence,
            answered=PredictorCounter(lambda: self._list_both(api), OwnCredentials.read()),
            orders=ClusterRolloutOrders(api, self.release),
            guardrails=self.guardrails.choose(made, lambda: (self.stable.name, self.canary.name)),
            load_rows=rows_in_store(self.rows_from),
            prepare=prepare,
            report=RolloutEvents(api, self.release).tell,
            finish=lambda record: _remove_route(router, record),
            way_out=f"name that canary stable in the chart's values and delete HTTPRoute {self.release.split_name}, "
            "or only delete the route to go back",
        )


def cluster_watch(release: Release, gateway_stats_url: str | None) -> RolloutWatch:
    """A look at the rollouts of `release`; without the URL a step under way has no counts. Raises RolloutError."""
    with as_rollout_errors():
        store = ClusterRolloutStore(ApiServer.connect(), release)
    counter = EnvoyGatewayCounter(gateway_stats_url, release) if gateway_stats_url is not None else None
    return RolloutWatch(store, lambda _record: store.read_evidence(), SystemClock(), counter)


def cluster_abort(release: Release, gateway_url: str) -> RolloutAbort:
    """What ends the rollout of `release` and restores stable. Raises RouterError."""
    with as_router_errors():
        api = ApiServer.connect()
        revisions = Revisions(stable=read_stable(api, release), canary="")  # restoring names no canary
    router = KubernetesRouter(api, release, revisions, GatewayProbe(gateway_url), lambda: "")
    return RolloutAbort(
        router,
        ClusterRolloutStore(api, release),
        ClusterRolloutOrders(api, release),
        SystemClock(),
        lambda record: _remove_route(router, record),
    )


@dataclass(frozen=True, slots=True)
class ClusterEnd:
    """What ends the rollouts of `release`: looked up each time, because stable is another one after each promotion."""

    release: Release
    gateway_url: str

    def abort(self, by: str, reason: str, patience_seconds: float) -> RolloutRecord | None:
        """As RolloutAbort says; stable is whom the base route names now."""
        return cluster_abort(self.release, self.gateway_url).abort(by, reason, patience_seconds)


def cluster_orders(release: Release) -> RolloutOrders:
    """Where the orders for rollouts of `release` are kept. Raises RolloutError."""
    with as_rollout_errors():
        return ClusterRolloutOrders(ApiServer.connect(), release)


def _model_of(source: EvidenceSource) -> str:
    """The model whose door is split. Raises RouteNotUsable where the revisions serve different ones."""
    running = source.read_revisions()
    if running.stable.model != running.canary.model:
        raise RouteNotUsable(
            f"stable serves the model {running.stable.model}, but the canary {running.canary.model}: "
            "a split is of one model's requests"
        )
    return running.stable.model


def _remove_route(router: KubernetesRouter, record: RolloutRecord) -> None:
    """Leave nothing behind at 0 %; a rollout that has promoted keeps its split."""
    if record.state is not RolloutState.RESTORED:
        return
    try:
        router.remove_route()
    except PromotionError as error:
        say(f"the split route stays, at 0 %: {error}")
