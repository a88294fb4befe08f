"""Chooses the concrete classes of a console in a cluster."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from console.bundles import Bundles
from console.deployments.deployment import DeploymentStore
from console.errors import SettingsError
from console.holdouts import Holdouts
from console.kubernetes.chart_templates import ChartTemplates
from console.kubernetes.cluster_jobs import ClusterJobs
from console.kubernetes.cluster_keeper import ClusterKeeper
from console.kubernetes.cluster_place import ClusterPlace, owned
from console.rollouts import RolloutEnd
from console.settings import ConsoleSettings
from promotion.kubernetes.api_server import ApiServer
from promotion.kubernetes.base_route import Revisions, read_stable
from promotion.kubernetes.gateway_probe import GatewayProbe
from promotion.kubernetes.release import Release
from promotion.kubernetes.router import KubernetesRouter


@dataclass(frozen=True, slots=True)
class ClusterParts:
    """What a console does its work by in a cluster."""

    jobs: ClusterJobs
    keeper: ClusterKeeper


def cluster_parts(
    state: Path,
    settings: ConsoleSettings,
    bundles: Bundles,
    holdouts: Holdouts,
    end: RolloutEnd,
    environment: Mapping[str, str],
    log: logging.Logger,
) -> ClusterParts:
    """Put them together; `environment` is that of every job. Raises SettingsError, StateNotUsable, ApiUnreachable."""
    if not (settings.release and settings.store_url and settings.gateway_url):
        raise SettingsError(
            "ASSAY_CONSOLE_RELEASE is for a console that the chart runs, and goes with ASSAY_CONSOLE_STORE_URL and "
            "ASSAY_CONSOLE_GATEWAY_URL; the chart sets all of them"
        )
    api = ApiServer.connect()
    release = Release(settings.release, settings.namespace)
    templates = ChartTemplates(settings.templates)
    probe = GatewayProbe(settings.gateway_url)

    def open_router() -> KubernetesRouter:
        revisions = Revisions(stable=read_stable(api, release), canary="")  # restoring names no canary
        return KubernetesRouter(api, release, revisions, probe, lambda: "")

    place = ClusterPlace(api, release, templates, bundles, holdouts, settings.store_url, end, open_router)
    jobs = ClusterJobs(state / "jobs", api, release, owned(api, release, templates.job()), environment)
    return ClusterParts(jobs, ClusterKeeper(DeploymentStore(state / "deployments"), place, log))
