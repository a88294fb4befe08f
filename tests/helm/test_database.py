"""The database of records in the chart: who gets which of its secrets, and what makes its tables."""

import stat
from pathlib import Path

import pytest
import yaml
from sqlalchemy import make_url

from records.settings import known_variables
from tests.assay.program import assay
from tests.helm.rendering import DATABASE, Object, Refused, Values, containers, render

EXTERNAL: Values = {"predictor": DATABASE["predictor"], "database": {"secretName": "records", "port": 6432}}
DIRECTORY = "/etc/assay-database/"
COMPOSE = Path(__file__).parents[2] / "compose.yaml"
PASSWORDS = {"predictor-password", "analyst-password", "console-password"}


def given_to(pod: Object) -> set[str]:
    """The keys of the Secret that a pod has; it names all files that it has and no others."""
    (volume,) = (volume for volume in pod["volumes"] if volume["name"] == "database")
    (source,) = volume["projected"]["sources"]
    assert source["secret"]["name"] == "records"
    (main,) = pod["containers"]
    named = {
        variable["value"].removeprefix(DIRECTORY)
        for variable in main["env"]
        if variable["name"].endswith("_FILE") and variable["value"].startswith(DIRECTORY)
    }
    assert {mount["name"]: mount["mountPath"] for mount in main["volumeMounts"]}["database"] + "/" == DIRECTORY
    keys = {item["key"] for item in source["secret"]["items"]}
    assert {item["path"] for item in source["secret"]["items"]} == keys == named
    return keys


@pytest.mark.parametrize("values", [DATABASE, EXTERNAL, {**DATABASE, "mode": "kserve"}], ids=["own", "other", "kserve"])
def test_each_pod_has_the_secrets_of_its_role_and_no_others(values: Values) -> None:
    found = {
        owner.split()[1]: given_to(pod)
        for owner, pod in render(values).pods().items()
        if any(volume["name"] == "database" for volume in pod["volumes"])
    }
    setup, promotion = (next(name for name in found if f"-{what}-" in name) for what in ("setup", "promotion"))
    expected = {
        setup: {"owner-url", *PASSWORDS},
        promotion: {"console-url"},
        "assay-database-prune": {"owner-url"},
        "assay-v1": {"predictor-url"},
        "assay-v2": {"predictor-url"},
    }
    bundled = {"assay-database": {"owner-password"}} if "bundled" in values["database"] else {}
    assert found == {**expected, **bundled}


def test_every_variable_of_the_database_is_one_that_programs_read() -> None:
    named = {
        variable["name"]
        for pod in render(DATABASE).pods().values()
        for container in containers(pod)
        for variable in container.get("env", [])
        if variable["name"].startswith("ASSAY_DATABASE_")
    }
    assert named <= known_variables()
    assert len(named) == 4


def test_a_newer_program_is_another_job_that_brings_the_tables_to_it() -> None:
    def setup(values: Values) -> list[str]:
        return [name for name in render(values).all("Job") if "database-setup" in name]

    newer = setup({**DATABASE, "image": {"tag": "9.9.9"}})
    assert len(setup(DATABASE)) == len(newer) == 1
    assert setup(DATABASE) != newer
    by_hand: Values = {**EXTERNAL, "database": {**EXTERNAL["database"], "setup": {"enabled": False}}}
    assert setup(by_hand) == []
    assert render(by_hand).all("CronJob") == {}


def test_predictions_are_let_go_after_the_days_that_are_said() -> None:
    values: Values = {**EXTERNAL, "database": {"secretName": "records", "setup": {"keepDays": 30}}}
    (pod,) = (pod for owner, pod in render(values).pods().items() if owner.startswith("CronJob"))
    assert pod["containers"][0]["args"] == ["db", "prune", "--older-than", "30d"]


@pytest.mark.parametrize(("values", "port"), [(DATABASE, 5432), (EXTERNAL, 6432)], ids=["own", "other"])
def test_who_uses_the_database_may_connect_to_it(values: Values, port: int) -> None:
    policies = render(values).all("NetworkPolicy")
    assert {
        name
        for name, policy in policies.items()
        if any({"port": port} in rule.get("ports", []) for rule in policy["spec"].get("egress", []))
    } == {"assay-v1", "assay-v2", "assay-promotion", "assay-database-setup"}


def test_the_bundled_server_keeps_its_data_in_a_claim_unless_it_is_only_for_a_moment() -> None:
    (claim,) = render(DATABASE).one("StatefulSet", "assay-database")["spec"]["volumeClaimTemplates"]
    assert claim["metadata"]["name"] == "data"
    bundled = {"enabled": True, "persistence": {"enabled": False}}
    short: Values = {**DATABASE, "database": {"secretName": "records", "bundled": bundled}}
    server = render(short).one("StatefulSet", "assay-database")["spec"]
    assert "volumeClaimTemplates" not in server
    assert {"name": "data", "emptyDir": {}} in server["template"]["spec"]["volumes"]


def test_without_a_database_nothing_of_one_is_there() -> None:
    assert [one["metadata"]["name"] for one in render().objects if "database" in str(one)] == []


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"predictor": {"recording": {"sink": "database"}}}, "database.secretName is empty"),
        ({"database": {"bundled": {"enabled": True}}}, "database.secretName is empty"),
        (
            {**EXTERNAL, "predictor": {"recording": {"sink": "database", "existingClaim": "records"}}},
            "existingClaim is for files",
        ),
        ({"predictor": {"recording": {"sink": "kafka"}}}, "sink"),
        ({"stable": {"revision": "database"}}, "revision"),
    ],
)
def test_what_does_not_go_together_is_refused(values: Values, said: str) -> None:
    with pytest.raises(Refused, match=said):
        render(values)


def secrets_in(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir()}


def test_the_files_are_those_that_chart_and_compose_ask_for(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    done = assay("db", "secrets", folder, "--host", "db:6432")
    assert done.code == 0, done.stderr
    made = secrets_in(folder)
    assert {line.split("/")[-1] for line in done.stdout.splitlines()} == set(made)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for role, user in (("owner", "assay"), ("predictor", "assay_predictor"), ("console", "assay_console")):
        url = make_url(made[f"{role}-url"])
        assert (url.username, url.password) == (user, made[f"{role}-password"])
        assert (url.host, url.port, url.database) == ("db", 6432, "records")
    passwords = {name: text for name, text in made.items() if name.endswith("-password")}
    assert len(set(passwords.values())) == len(passwords) == 4
    assert not any(password in done.stdout + done.stderr for password in passwords.values())

    again = assay("db", "secrets", folder, "--host", "elsewhere")
    assert (again.code, again.stdout, secrets_in(folder)) == (0, "", made)

    compose = yaml.safe_load(COMPOSE.read_text())
    asked_by = [service.get("secrets", []) for service in compose["services"].values()]
    assert set(compose["secrets"]) == {name for names in asked_by for name in names}
    assert set(compose["secrets"]) <= set(made)
    asked = {
        item["key"]
        for pod in render(DATABASE).pods().values()
        for volume in pod["volumes"]
        for source in volume.get("projected", {}).get("sources", [])
        for item in source["secret"]["items"]
    }
    assert asked == set(made)
