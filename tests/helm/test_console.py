"""The console in the chart: what it is given, what it may do, and what it is to make of revisions."""

from pathlib import Path

import pytest

from console.deployments.deployment import Deployment, DeploymentState, RolloutOptions
from console.kubernetes.chart_templates import ChartTemplates
from console.settings import PREFIX, ConsoleSettings
from tests.helm.pod_security import violations
from tests.helm.rendering import CONSOLE, DATABASE, Object, Refused, Rendered, Values, argument, render

BUNDLES = {role: "sha256:" + digit * 64 for role, digit in (("stable", "1"), ("canary", "2"))}
HOLDOUT = "sha256:" + "3" * 64


def deployment(number: int, role: str) -> Deployment:
    options = RolloutOptions(steps=(50, 100), minimum_requests=7)
    told = {"experiment_id": 1, "model": "digits", "version": 1, "by": "ann", "asked_at": "", "options": options}
    state, digest = DeploymentState.STARTING, BUNDLES[role]
    return Deployment(deployment_id=number, revision=f"v{number}", bundle_digest=digest, state=state, **told)  # type: ignore[arg-type]  # told is of any


@pytest.fixture
def templates(tmp_path: Path) -> ChartTemplates:
    """As the console's pod mounts them."""
    for name, text in render(CONSOLE).one("ConfigMap", "assay-console")["data"].items():
        (tmp_path / name).write_text(text)
    return ChartTemplates(tmp_path)


def named(rendered: Rendered, *names: str) -> dict[str, Object]:
    return {one["kind"]: one for one in rendered.objects if one["metadata"]["name"] in names}


def without_manager(document: Object) -> Object:
    del document["metadata"]["labels"]["app.kubernetes.io/managed-by"]
    return document


def test_a_revision_and_the_route_are_what_the_chart_itself_would_make_of_values(templates: ChartTemplates) -> None:
    stable = {"revision": "v1", "bundle": {"digest": BUNDLES["stable"]}}
    by_values = render({**DATABASE, "stable": stable, "canary": None})
    made = {one["kind"]: without_manager(one) for one in templates.revision(deployment(1, "stable"))}
    assert made == {kind: without_manager(one) for kind, one in named(by_values, "assay-v1").items()}
    route = without_manager(templates.route(deployment(1, "stable")))
    assert route == without_manager(by_values.one("HTTPRoute", "assay"))


def test_a_promotion_is_what_the_chart_itself_would_make_but_for_what_is_asked(templates: ChartTemplates) -> None:
    values = {
        **DATABASE,
        "stable": {"revision": "v1", "bundle": {"digest": BUNDLES["stable"]}},
        "canary": {"revision": "v2", "bundle": {"digest": BUNDLES["canary"]}},
        "promotion": {"holdout": {"digest": HOLDOUT}},
    }
    expected = render(values).promotion()
    made = templates.promotion(deployment(1, "stable"), deployment(2, "canary"), HOLDOUT)
    name = made["metadata"]["name"]
    assert name == "assay-promotion-v2"
    (container,), (usual,) = (job["spec"]["template"]["spec"]["containers"] for job in (made, expected))
    asked = ["--steps", "50,100", "--minimum-requests", "7"]
    assert argument(container, "--job") == name
    assert container["args"][len(usual["args"]) :][:4] == asked
    wanted = [name if one == expected["metadata"]["name"] else one for one in usual["args"]]
    assert container["args"][: len(wanted)] == wanted
    (gate,) = (one for one in made["spec"]["template"]["spec"]["volumes"] if one["name"] == "gate")
    assert "gate.yaml" in render(CONSOLE).one("ConfigMap", gate["configMap"]["name"])["data"]


def test_every_pod_of_the_console_may_run_in_a_restricted_namespace(templates: ChartTemplates) -> None:
    console = render(CONSOLE).pods()["Deployment assay-console"]
    job = templates.job()["spec"]["template"]["spec"]
    assert [violations(pod) for pod in (console, job)] == [[], []]
    assert all(one["containers"][0]["securityContext"]["readOnlyRootFilesystem"] for one in (console, job))
    assert not job["automountServiceAccountToken"]


def test_the_console_is_told_settings_that_it_knows_and_listens_to_its_pod_alone() -> None:
    rendered = render(CONSOLE)
    (container,) = rendered.pods()["Deployment assay-console"]["containers"]
    given = {one["name"]: one["value"] for one in container["env"] if one["name"].startswith(PREFIX)}
    known = {f"{PREFIX}{name}".upper() for name in ConsoleSettings.model_fields}
    assert given.keys() <= known
    assert (given[f"{PREFIX}TRAINING_SECONDS"], given[f"{PREFIX}DATASET"]) == ("60", "digits")
    assert given[f"{PREFIX}LOG_FORMAT"] == "json"
    chosen = render({**CONSOLE, "console": {"enabled": True, "settings": {"logFormat": "lines"}}})
    (lines,) = chosen.pods()["Deployment assay-console"]["containers"]
    assert {"name": f"{PREFIX}LOG_FORMAT", "value": "lines"} in lines["env"]
    assert f"{PREFIX}HOST" not in given
    assert "assay-console" not in rendered.all("Service")
    assert "ingress" not in rendered.one("NetworkPolicy", "assay-console")["spec"]


def test_the_console_reads_no_secret_and_changes_no_role() -> None:
    rules = render(CONSOLE).one("Role", "assay-console")["rules"]
    touched = {resource for rule in rules for resource in rule["resources"]}
    assert not touched & {"secrets", "roles", "rolebindings", "serviceaccounts", "pods/exec"}
    assert all("*" not in [*rule["resources"], *rule["verbs"], *rule["apiGroups"]] for rule in rules)


def test_values_of_a_release_with_a_console_name_no_revision() -> None:
    kinds = {one["kind"] for one in render(CONSOLE).objects if one["metadata"]["name"] == "assay"}
    assert kinds == {"Gateway"}


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {**CONSOLE, "stable": {"revision": "v1", "bundle": {"digest": HOLDOUT}}},
            "gives the revisions to the console",
        ),
        ({**CONSOLE, "mode": "kserve"}, "goes with mode deployment"),
        ({**CONSOLE, "store": {"enabled": False}}, "needs the chart's store"),
        ({**CONSOLE, "database": {"secretName": ""}, "predictor": {}}, "needs a database"),
        ({**CONSOLE, "console": {"enabled": True, "settings": {"host": "0.0.0.0"}}}, "host"),  # noqa: S104
    ],
)
def test_what_does_not_go_with_a_console_is_refused(values: Values, said: str) -> None:
    with pytest.raises(Refused, match=said):
        render(values)
