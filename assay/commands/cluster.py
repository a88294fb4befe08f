"""`assay cluster`: a kind cluster from the terminal. The Makefile's targets are these commands."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assay.labelled_data import load_rows
from assay.output import print_lines, say

if TYPE_CHECKING:
    from assay.cluster.deployment import Images
    from assay.cluster.release import Release

cluster_app = typer.Typer(
    no_args_is_help=True,
    help="A kind cluster from the terminal: bring it up, deploy, send a canary through the gate, look, go back.",
)

NameOption = Annotated[str, typer.Option("--cluster", metavar="NAME", help="Name of the kind cluster.")]
ContextOption = Annotated[
    str,
    typer.Option(
        "--context", metavar="NAME", help="kubectl's context of another cluster than kind's; its nodes pull the image."
    ),
]
ReleaseOption = Annotated[str, typer.Option("--release", metavar="NAME", help="Name of the Helm release.")]
NamespaceOption = Annotated[str, typer.Option("--namespace", metavar="NAME", help="Namespace of the release.")]
ImageOption = Annotated[
    str, typer.Option("--image", metavar="NAME:TAG", help="Image of what serves and stores: predictors, store.")
]
FullImageOption = Annotated[
    str, typer.Option("--full-image", metavar="NAME:TAG", help="Image of what promotes: the Job, the exporter.")
]
BundleOption = Annotated[
    Path | None, typer.Option("--bundle", metavar="DIR", help="A bundle; left out, one is trained on digits.")
]
HoldoutOption = Annotated[str, typer.Option("--holdout", metavar="SPEC", help="The rows that judge it.")]
AddressOption = Annotated[str, typer.Option("--address", metavar="URL", help="Where the gateway answers.")]
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
    full_image: FullImageOption = "assay-full:dev",
    cluster: NameOption = "assay",
    context: ContextOption = "",
    release: ReleaseOption = "assay",
    namespace: NamespaceOption = "assay",
    address: AddressOption = ADDRESS,
) -> None:
    """Install the chart with a first, stable revision, and wait until it answers.

    Example: assay cluster deploy --bundle build/bundles/DIGEST
    """
    from assay.cluster.bundles import choose_bundle
    from assay.cluster.deployment import deploy as deploy_stable
    from assay.cluster.deployment import wait_until_answered

    deployed = _release(cluster, context, release, namespace)
    images = _load(cluster, context, image, full_image)
    directory, digest = choose_bundle(bundle, ["digits:part-1"], version=1)
    revision = deploy_stable(deployed, directory, digest, images)
    does_answer = wait_until_answered(address)
    print_lines(
        [
            f"{revision} serves at {address}" if does_answer else f"{revision} runs, but {address} gives no answer yet",
            f"try it:  curl -s {address}/example",
            "next:    make canary",
        ]
    )


@cluster_app.command()
def canary(
    bundle: BundleOption = None,
    holdout: HoldoutOption = "digits:holdout",
    image: ImageOption = "assay:dev",
    full_image: FullImageOption = "assay-full:dev",
    cluster: NameOption = "assay",
    context: ContextOption = "",
    release: ReleaseOption = "assay",
    namespace: NamespaceOption = "assay",
) -> None:
    """Deploy a new bundle at 0 %, follow the promotion Job, and make it stable when it is promoted.

    The exit code is the verdict: 0 PROMOTE, 10 REJECT, 11 INCONCLUSIVE, 12 ERROR.

    Example: assay cluster canary --bundle build/bundles/DIGEST
    """
    from assay.cluster.bundles import choose_bundle
    from assay.cluster.deployment import send_canary

    deployed = _release(cluster, context, release, namespace)
    images = _load(cluster, context, image, full_image)
    directory, digest = choose_bundle(bundle, ["digits:part-1", "digits:part-2"], version=2)
    outcome = send_canary(deployed, directory, digest, load_rows(holdout), images)
    print_lines([f"{outcome}; next: make traffic"])
    raise typer.Exit(outcome.exit_code)


@cluster_app.command()
def deliver(
    bundle: Annotated[Path, typer.Option("--bundle", metavar="DIR", help="The bundle.")],
    holdout: HoldoutOption = "digits:holdout",
    image: ImageOption = "assay:dev",
    full_image: FullImageOption = "assay-full:dev",
    cluster: NameOption = "assay",
    context: ContextOption = "",
    release: ReleaseOption = "assay",
    namespace: NamespaceOption = "assay",
    address: AddressOption = ADDRESS,
) -> None:
    """What a pipeline does with a bundle: `deploy` where nothing serves yet, `canary` where another bundle does.

    The exit code is that of either; 0 where the bundle serves already.

    Example: assay cluster deliver --bundle build/candidate --context production
    """
    from assay.cluster.deployment import find_serving
    from bundle import read_bundle

    serving = find_serving(_release(cluster, context, release, namespace))
    if serving is None:
        deploy(bundle, image, full_image, cluster, context, release, namespace, address)
    elif serving == read_bundle(bundle).digest:
        print_lines([f"{serving} serves already"])
    else:
        canary(bundle, holdout, image, full_image, cluster, context, release, namespace)


@cluster_app.command()
def current(
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Where it is to stand.")],
    cluster: NameOption = "assay",
    context: ContextOption = "",
    release: ReleaseOption = "assay",
    namespace: NamespaceOption = "assay",
) -> None:
    """Fetch the bundle that is stable now from the release's store; nothing where none is.

    Example: assay cluster current --to build/current
    """
    from assay.cluster.deployment import find_serving
    from assay.cluster.release_store import download

    deployed = _release(cluster, context, release, namespace)
    serving = find_serving(deployed)
    if serving is not None:
        download(deployed, serving, to)
    print_lines([f"{serving} serves, and is in {to}" if serving else "nothing is deployed yet"])


@cluster_app.command()
def traffic(
    cluster: NameOption = "assay",
    context: ContextOption = "",
    release: ReleaseOption = "assay",
    namespace: NamespaceOption = "assay",
) -> None:
    """Show the split that was asked for, and what the gateway and the revisions counted.

    Example: assay cluster traffic
    """
    from assay.cluster.traffic import read_traffic

    found = read_traffic(_release(cluster, context, release, namespace))
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
    cluster: NameOption = "assay",
    context: ContextOption = "",
    release: ReleaseOption = "assay",
    namespace: NamespaceOption = "assay",
) -> None:
    """Send everything to the stable revision at once. A rollout that is under way ends.

    Example: assay cluster rollback
    """
    from assay.cluster.deployment import roll_back

    roll_back(_release(cluster, context, release, namespace))
    print_lines(["everything goes to the stable revision; next: make traffic"])


@cluster_app.command()
def down(cluster: NameOption = "assay") -> None:
    """Remove the kind cluster and everything in it.

    Example: assay cluster down
    """
    from assay.cluster.kind import KindCluster

    KindCluster(cluster).delete()
    print_lines([f"the cluster {cluster} is gone"])


def _release(cluster: str, context: str, release: str, namespace: str) -> "Release":
    from assay.cluster.errors import ClusterError
    from assay.cluster.kind import KindCluster
    from assay.cluster.release import Release
    from assay.cluster.tools import require, succeeds

    require("helm", "kubectl")
    named = context or KindCluster(cluster).context
    if not succeeds("kubectl", "--context", named, "get", "--raw=/readyz", timeout_seconds=15):
        what = f"{context}: no cluster answers as this context" if context else f"the cluster {cluster} does not answer"
        raise ClusterError(
            f"{what}; {'see kubectl config get-contexts' if context else 'bring it up with `make cluster`'}"
        )
    return Release(named, release, namespace)


def _load(cluster: str, context: str, image: str, full_image: str) -> "Images":
    """Both images as the chart takes them; kind's node has a copy, other clusters pull them."""
    from assay.cluster.deployment import Image, Images
    from assay.cluster.kind import KindCluster

    if not context:
        say(f"loading {image} and {full_image} into the cluster {cluster}")
        KindCluster(cluster).load_local_images(image, full_image)
    return Images(Image.named(image), Image.named(full_image))
