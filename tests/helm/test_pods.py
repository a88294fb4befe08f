"""What holds for every pod of the chart, in either mode."""

import copy
from pathlib import Path
from typing import Any

import pytest

from predictor.settings import PredictorSettings
from tests.helm.pod_security import violations
from tests.helm.rendering import CONSOLE, DATABASE, EVERYTHING, TEMPORARY, Object, Values, containers, render

MODES: dict[str, Values] = {
    "deployment": {},
    "kserve": {"mode": "kserve"},
    "everything": EVERYTHING,
    "everything on kserve": {**EVERYTHING, "mode": "kserve"},
    "records": {"predictor": {"recording": {"enabled": True}}},
    "records in a claim": {"predictor": {"recording": {"enabled": True, "existingClaim": "records"}}},
    "a database": DATABASE,
    "a database on kserve": {**DATABASE, "mode": "kserve"},
    "a claim": {"stable": {"bundle": {"from": "pvc://models/classifier/3"}}},
}


@pytest.fixture(params=list(MODES.values()), ids=list(MODES))
def pods(request: pytest.FixtureRequest) -> dict[str, Object]:
    return render(request.param).pods()


def test_every_program_has_its_pod(pods: dict[str, Object]) -> None:
    names = sorted(owner.split()[1] for owner in pods if "database" not in owner)
    assert [name for name in names if "promotion" not in name] == [
        "assay-exporter",
        "assay-store",
        "assay-v1",
        "assay-v2",
    ]
    assert len(names) == 5


def test_every_pod_meets_the_restricted_standard(pods: dict[str, Object]) -> None:
    assert {owner: violations(pod) for owner, pod in pods.items() if violations(pod)} == {}


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("hostNetwork",), True),
        (("volumes", 0), {"name": "node", "hostPath": {"path": "/"}}),
        (("containers", 0, "securityContext", "runAsNonRoot"), False),
        (("containers", 0, "securityContext", "allowPrivilegeEscalation"), True),
        (("initContainers", 0, "securityContext", "capabilities"), {"drop": ["ALL"], "add": ["NET_ADMIN"]}),
    ],
    ids=lambda value: ".".join(str(part) for part in value) if isinstance(value, tuple) else "",
)
def test_a_pod_that_asks_for_more_is_noticed(where: tuple[str | int, ...], value: object) -> None:
    pod = copy.deepcopy(render().pods()["Deployment assay-v1"])
    place: Any = pod
    for step in where[:-1]:
        place = place[step]
    place[where[-1]] = value
    assert len(violations(pod)) == 1


def test_no_container_can_write_but_to_its_own_volumes(pods: dict[str, Object]) -> None:
    for pod in pods.values():
        for container in containers(pod):
            assert container["securityContext"]["readOnlyRootFilesystem"] is True
            assert {"name": "HOME", "value": TEMPORARY} in container["env"]
            assert {"name": "tmp", "mountPath": TEMPORARY} in container["volumeMounts"]


def test_only_the_promotion_and_the_exporter_have_a_token(pods: dict[str, Object]) -> None:
    with_token = {owner for owner, pod in pods.items() if pod["automountServiceAccountToken"]}
    assert {pods[owner]["serviceAccountName"] for owner in with_token} == {"assay-promotion", "assay-exporter"}
    assert all("serviceAccountName" not in pod for owner, pod in pods.items() if owner not in with_token)


def test_no_account_hands_its_token_to_a_pod_that_does_not_ask() -> None:
    accounts = render().all("ServiceAccount")
    assert set(accounts) == {"assay-promotion", "assay-exporter"}
    assert all(account["automountServiceAccountToken"] is False for account in accounts.values())


def test_no_service_becomes_an_environment_variable(pods: dict[str, Object]) -> None:
    assert all(pod["enableServiceLinks"] is False for pod in pods.values())


def test_every_container_asks_for_little_and_has_limits(pods: dict[str, Object]) -> None:
    for pod in pods.values():
        for container in containers(pod):
            assert container["resources"]["requests"].keys() == container["resources"]["limits"].keys()
            assert int(container["resources"]["requests"]["cpu"].removesuffix("m")) <= 50


def test_every_mount_has_its_volume_and_every_volume_a_mount(pods: dict[str, Object]) -> None:
    for pod in pods.values():
        volumes = [volume["name"] for volume in pod["volumes"]]
        mounted = {mount["name"] for container in containers(pod) for mount in container["volumeMounts"]}
        assert len(volumes) == len(set(volumes))
        assert mounted == set(volumes)


def test_what_serves_is_probed_at_the_protocol_s_doors(pods: dict[str, Object]) -> None:
    for owner, pod in pods.items():
        if owner.startswith("StatefulSet"):
            continue  # it speaks no HTTP
        main = pod["containers"][0]
        probes = {name: probe["httpGet"]["path"] for name, probe in main.items() if name.endswith("Probe")}
        doors = "/v2/health" if owner.endswith(("-v1", "-v2")) else "/health"
        ready, live = f"{doors}/ready", f"{doors}/live"
        is_job = owner.startswith(("Job", "CronJob"))
        assert probes == ({} if is_job else {"startupProbe": ready, "readinessProbe": ready, "livenessProbe": live})


@pytest.mark.parametrize(
    "predictor", [{}, {"preStopSeconds": 30, "drainSeconds": 60, "settings": {"finishSeconds": 100}}], ids=str
)
def test_a_predictor_has_time_to_pause_drain_and_finish(predictor: Values) -> None:
    pod = render({"predictor": predictor}).pods()["Deployment assay-v1"]
    main = pod["containers"][0]
    pause = main["lifecycle"]["preStop"]["sleep"]["seconds"]
    drain = int(main["args"][main["args"].index("--drain-seconds") + 1])
    environment = {variable["name"]: variable["value"] for variable in main["env"]}
    finish = int(environment.get("ASSAY_FINISH_SECONDS", PredictorSettings.model_fields["finish_seconds"].default))
    assert pod["terminationGracePeriodSeconds"] > pause + drain + finish


@pytest.mark.parametrize("mode", ["deployment", "kserve"])
@pytest.mark.parametrize("claim", ["", "records"], ids=["emptyDir", "claim"])
def test_records_go_where_a_pod_has_room_for_all_that_its_workers_may_write(mode: str, claim: str) -> None:
    size = 2**30
    recording = {"enabled": True, "existingClaim": claim, "diskBytes": size, "limitBytes": 2048, "queueBytes": 2**20}
    values: Values = {"mode": mode, "predictor": {"recording": recording, "settings": {"workers": 3}}}
    pods = render(values).pods()
    serving = [pod for owner, pod in pods.items() if owner.endswith(("-v1", "-v2"))]
    assert len(serving) == 2
    for pod in serving:
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        main = pod["containers"][0]
        mounts = {mount["name"]: Path(mount["mountPath"]) for mount in main["volumeMounts"]}
        names = [variable["name"] for variable in main["env"]]
        environment = {variable["name"]: variable.get("value", "") for variable in main["env"]}
        settings = settings_of(environment, pod="assay-v1-abc")
        kind, _, place = settings.record.partition(":")
        assert kind == "jsonl"
        scratch = volumes["records-spool" if claim else "records"]["emptyDir"]
        of_each = 1 if claim else 2  # its spool, and its files where they are in the same place
        assert int(scratch["sizeLimit"]) > 3 * of_each * settings.record_disk_bytes == 3 * of_each * size
        assert (settings.record_limit_bytes, settings.record_queue_bytes) == (2048, 2**20)
        if claim:
            assert volumes["records"]["persistentVolumeClaim"] == {"claimName": claim}
            assert names.index("POD_NAME") < names.index("ASSAY_RECORD"), "or the name would not be put in"
            assert Path(place) == mounts["records"] / "assay-v1-abc"
            assert settings.record_spool_dir == mounts["records-spool"]
        else:
            assert Path(place) == mounts["records"]
            assert settings.record_spool_dir is None
    assert not any("records" in str(pod) for pod in pods.values() if pod not in serving)


def test_a_setting_reaches_the_predictor_as_it_was_written() -> None:
    written = {"bodyLimitBytes": 2**25, "fastPath": False, "quickSeconds": 0.005, "workers": 2}
    (main,) = render({"predictor": {"settings": written}}).pods()["Deployment assay-v1"]["containers"]
    found = settings_of({variable["name"]: variable["value"] for variable in main["env"]}, pod="")
    assert (found.body_limit_bytes, found.fast_path, found.quick_seconds, found.workers) == (2**25, False, 0.005, 2)


def settings_of(environment: dict[str, str], *, pod: str) -> PredictorSettings:
    """What a predictor makes of a container's variables."""
    given = {
        name.removeprefix("ASSAY_").lower(): value.replace("$(POD_NAME)", pod)
        for name, value in environment.items()
        if name.startswith("ASSAY_")
    }
    return PredictorSettings(**given)


def test_what_a_component_says_of_its_pods_adds_to_what_all_get() -> None:
    values: Values = {
        "pod": {"labels": {"team": "vision", "tier": "any"}, "tolerations": [{"key": "a", "operator": "Exists"}]},
        "store": {"pod": {"labels": {"tier": "store"}, "tolerations": [{"key": "b", "operator": "Exists"}]}},
    }
    templates = render(values).templates()
    store, exporter = templates["Deployment assay-store"], templates["Deployment assay-exporter"]
    assert {"team": "vision", "tier": "store"}.items() <= store["metadata"]["labels"].items()
    assert {"team": "vision", "tier": "any"}.items() <= exporter["metadata"]["labels"].items()
    assert store["spec"]["tolerations"] == [{"key": "b", "operator": "Exists"}]
    assert exporter["spec"]["tolerations"] == [{"key": "a", "operator": "Exists"}]


def test_everything_extra_reaches_every_pod() -> None:
    for template in render(EVERYTHING).templates().values():
        pod, main = template["spec"], template["spec"]["containers"][0]
        assert template["metadata"]["labels"]["team"] == "vision"
        assert template["metadata"]["annotations"]["example.com/note"] == "all"
        assert pod["imagePullSecrets"] == [{"name": "registry"}]
        assert pod["nodeSelector"] == {"disk": "ssd"}
        assert pod["affinity"] == {"nodeAffinity": {}}
        assert {"name": "TZ", "value": "UTC"} in main["env"]
        assert main["envFrom"] == [{"secretRef": {"name": "more", "optional": True}}]
        assert {"name": "extra", "mountPath": "/extra"} in main["volumeMounts"]


def test_a_label_of_ours_cannot_be_replaced() -> None:
    labels = render({"pod": {"labels": {"app.kubernetes.io/instance": "other"}}}).templates()["Deployment assay-v1"]
    assert labels["metadata"]["labels"]["app.kubernetes.io/instance"] == "assay"


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        ({}, "assay:0.0.0"),
        ({"tag": "dev"}, "assay:dev"),
        ({"repository": "registry.example.com:5000/team/assay", "tag": "1"}, "registry.example.com:5000/team/assay:1"),
        ({"tag": "dev", "digest": "sha256:" + "a" * 64}, "assay@sha256:" + "a" * 64),
    ],
    ids=str,
)
def test_what_serves_and_stores_has_the_small_image_by_digest_or_by_tag(image: Values, expected: str) -> None:
    pods = render({"image": image}).pods()
    small = ("Deployment assay-v1", "Deployment assay-v2", "Deployment assay-store")
    assert {container["image"] for owner in small for container in containers(pods[owner])} == {expected}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({}, "assay-full:0.0.0"),
        ({"image": {"repository": "registry.example.com/assay", "tag": "dev"}}, "assay-full:dev"),
        ({"image": {"tag": "dev"}, "fullImage": {"tag": "1"}}, "assay-full:1"),
        ({"fullImage": {"repository": "team/full", "digest": "sha256:" + "b" * 64}}, "team/full@sha256:" + "b" * 64),
    ],
    ids=str,
)
def test_what_promotes_and_trains_has_the_full_image(values: Values, expected: str) -> None:
    pods = {**render(values).pods(), **render({**CONSOLE, **values}).pods()}
    (promotion,) = (owner for owner in pods if owner.startswith("Job assay-promotion"))
    full = (promotion, "Deployment assay-exporter", "Deployment assay-console")
    assert {container["image"] for owner in full for container in containers(pods[owner])} == {expected}


def test_a_scraper_finds_what_has_metrics() -> None:
    templates = render().templates()
    ports = {
        owner.split()[1]: template["metadata"].get("annotations", {}).get("prometheus.io/port")
        for owner, template in templates.items()
        if "Job" not in owner
    }
    assert ports == {"assay-v1": "8000", "assay-v2": "8000", "assay-store": "8080", "assay-exporter": "8080"}
