"""`assay cluster`: a kind cluster from the terminal. The Makefile's targets are these commands."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.labelled_data import load_rows
from assay.output import print_lines, say

if TYPE_CHECKING:
    from assay.cluster.release import Release

cluster_app = typer.Typer(
    no_args_is_help=True,
    help="A kind cluster from the terminal: bring it up, deploy, send a canary through the gate, look, go back.",
)

NameOption = Annotated[str, typer.Option("--cluster", metavar="NAME", help="Name of the kind cluster.")]
ReleaseOption = Annotated[str, typer.Option("--release", metavar="NAME", help="Name of the Helm release.")]
NamespaceOption = Annotated[str, typer.Option("--namespace", metavar="NAME", help="Namespace of the release.")]
ImageOption = Annotated[str, typer.Option("--image", metavar="NAME:TAG", help="Image of every pod.")]
BundleOption = Annotated[
    Path | None, typer.Option("--bundle", metavar="DIR", help="A bundle; left out, one is trained on digits.")
]
ADDRESS = "http://localhost:8080"


@cluster_app.command()
def up(
    cluster: NameOption = "assay",
    node_image: Annotated[str, typer.Option(help="Image of the node; left out, kind's own.")] = "",
    gateway_chart: Annotated[str, typer.Option(help="Envoy Gateway's chart.")] = (
        "oci://docker.io/envoyproxy/gateway-helm"
    ),
    gateway_flags: Annotated[str, typer.Option(help="Further flags for the installation of that chart.")] = "",
    prometheus: Annotated[bool, typer.Option("--prometheus", help="A Prometheus, too.")] = False,
) -> None:
    """Make the kind cluster and install Envoy Gateway. What is there already is left as it is.

    Example: assay cluster up --prometheus
    """
    from assay.cluster.kind import KindCluster

    kind = KindCluster(cluster)
    kind.create(node_image)
    kind.install_gateway(gateway_chart, shlex.split(gateway_flags))
    if prometheus:
        kind.install_prometheus()
        forward = f"kubectl --context {kind.context} --namespace monitoring port-forward service/prometheus 9090"
        print_lines([f"Prometheus: {forward}, then http://localhost:9090"])
    print_lines([f"the cluster {cluster} is up; next: make image, make deploy"])


@cluster_app.command()
def deploy(
    bundle: BundleOption = None,
    image: ImageOption = "assay:dev",
    cluster: NameOption = "assay",
    release: ReleaseOption = "assay",
    namespace: NamespaceOption = "assay",
) -> None:
    """Install the chart with a first, stable revision, and wait until it answers.

    Example: assay cluster deploy --bundle build/bundles/DIGEST
    """
    from assay.cluster.bundles import choose_bundle
    from assay.cluster.deployment import Image, wait_until_answered
    from assay.cluster.deployment import deploy as deploy_stable

    deployed = _release(cluster, release, namespace)
    _load(cluster, image)
    directory, digest = choose_bundle(bundle, ["digits:part-1"], version=1)
    revision = deploy_stable(deployed, directory, digest, Image(*_split_image(image)))
    does_answer = wait_until_answered(ADDRESS)
    print_lines(
        [
            f"{revision} serves at {ADDRESS}" if does_answer else f"{revision} runs, but {ADDRESS} gives no answer yet",
            f"try it:  curl -s {ADDRESS}/example",
            "next:    make canary",
        ]
    )


@cluster_app.command()
def canary(
    bundle: BundleOption = None,
    holdout: Annotated[str, typer.Option(metavar="SPEC", help="The rows that judge it.")] = "digits:holdout",
    image: ImageOption = "assay:dev",
    cluster: NameOption = "assay",
    release: ReleaseOption = "assay",
    namespace: NamespaceOption = "assay",
) -> None:
    """Deploy a new bundle at 0 %, follow the promotion Job, and make it stable when it is promoted.

    The exit code is the verdict: 0 PROMOTE, 10 REJECT, 11 INCONCLUSIVE, 12 ERROR.

    Example: assay cluster canary --bundle build/bundles/DIGEST
    """
    from assay.cluster.bundles import choose_bundle
    from assay.cluster.deployment import Image, send_canary

    deployed = _release(cluster, release, namespace)
    _load(cluster, image)
    directory, digest = choose_bundle(bundle, ["digits:part-1", "digits:part-2"], version=2)
    outcome = send_canary(deployed, directory, digest, load_rows(holdout), Image(*_split_image(image)))
    print_lines([f"{outcome}; next: make traffic"])
    raise typer.Exit(outcome.exit_code)


@cluster_app.command()
def traffic(
    cluster: NameOption = "assay", release: ReleaseOption = "assay", namespace: NamespaceOption = "assay"
) -> None:
    """Show the split that was asked for, and what the gateway and the revisions counted.

    Example: assay cluster traffic
    """
    from assay.cluster.traffic import read_traffic

    found = read_traffic(_release(cluster, release, namespace))
    sent = found.gateway.stable + found.gateway.canary
    share = f", {100 * found.gateway.canary / sent:.1f} % to the canary" if sent else ""
    asked = ", ".join(f"{weight} % {name}" for name, weight in found.asked.items())
    print_lines(
        [
            f"asked      {asked or 'no split: everything goes to the stable revision'}",
            f"gateway    {sent} requests by the split route{share}; {found.gateway.failed} failed",
            *(
                f"revision   {name}: {requests} inference requests"
                for name, requests in sorted(found.revisions.items())
            ),
        ]
    )


@cluster_app.command()
def rollback(
    cluster: NameOption = "assay", release: ReleaseOption = "assay", namespace: NamespaceOption = "assay"
) -> None:
    """Send everything to the stable revision at once. A rollout that is under way ends.

    Example: assay cluster rollback
    """
    from assay.cluster.deployment import roll_back

    roll_back(_release(cluster, release, namespace))
    print_lines(["everything goes to the stable revision; next: make traffic"])


@cluster_app.command()
def down(cluster: NameOption = "assay") -> None:
    """Remove the kind cluster and everything in it.

    Example: assay cluster down
    """
    from assay.cluster.kind import KindCluster

    KindCluster(cluster).delete()
    print_lines([f"the cluster {cluster} is gone"])


def _release(cluster: str, release: str, namespace: str) -> "Release":
    from assay.cluster.errors import ClusterError
    from assay.cluster.kind import KindCluster
    from assay.cluster.release import Release
    from assay.cluster.tools import require

    require("helm", "kubectl")
    kind = KindCluster(cluster)
    if not kind.answers():
        raise ClusterError(f"the cluster {cluster} does not answer; bring it up with `make cluster`")
    return Release(kind.context, release, namespace)


def _load(cluster: str, image: str) -> None:
    from assay.cluster.kind import KindCluster

    say(f"loading {image} into the cluster {cluster}")
    KindCluster(cluster).load_local_images(image)


def _split_image(image: str) -> tuple[str, str]:
    repository, _, tag = image.rpartition(":")
    return (repository, tag) if repository else (tag, "latest")
