"""Keys in the chart: by reference to Secrets, as files; without them the pods are told to run without."""

import json
import re

import pytest

from tests.helm.rendering import CONSOLE, Object, Refused, Values, containers, render

KEYS: Values = {"keys": {"secretName": "who-may", "callerSecretName": "our-key"}}
OWN = ("ASSAY_KEYS_FILE", "ASSAY_CONSOLE_KEYS_FILE", "ASSAY_WITHOUT_KEYS", "ASSAY_CONSOLE_WITHOUT_KEYS")


def variables(pod: Object) -> dict[str, str]:
    return {one["name"]: one.get("value", "") for part in containers(pod) for one in part.get("env", [])}


def test_without_a_secret_the_predictors_are_told_to_run_without_keys_and_no_other_pod_is() -> None:
    told = {
        owner: {name: text for name, text in variables(pod).items() if name in OWN}
        for owner, pod in render().pods().items()
    }
    assert {owner for owner, found in told.items() if found} == {"Deployment assay-v1", "Deployment assay-v2"}
    assert {tuple(found.items()) for found in told.values() if found} == {(("ASSAY_WITHOUT_KEYS", "true"),)}


@pytest.mark.parametrize("mode", ["deployment", "kserve"])
def test_predictors_get_the_file_of_keys_and_the_promotion_a_key_each_from_its_secret(mode: str) -> None:
    pods = render({**KEYS, "mode": mode}).pods()
    (promotion,) = (owner for owner in pods if "promotion" in owner)
    for owner, pod in pods.items():
        secrets = {volume["secret"]["secretName"] for volume in pod["volumes"] if "secret" in volume}
        found = variables(pod)
        assert "ASSAY_WITHOUT_KEYS" not in found
        if owner.endswith(("-v1", "-v2")):
            assert found["ASSAY_KEYS_FILE"] == "/etc/assay-keys/keys.json"
            assert secrets == {"who-may"}
        elif owner == promotion:
            assert found["ASSAY_API_KEY_FILE"] == "/etc/assay-caller/api-key"
            assert secrets == {"our-key"}
        else:
            assert not {"ASSAY_KEYS_FILE", "ASSAY_API_KEY_FILE"} & found.keys()


def test_the_console_asks_for_keys_and_shows_one() -> None:
    pod = render({**CONSOLE, **KEYS}).pods()["Deployment assay-console"]
    assert variables(pod)["ASSAY_CONSOLE_KEYS_FILE"] == "/etc/assay-keys/keys.json"
    assert variables(pod)["ASSAY_API_KEY_FILE"] == "/etc/assay-caller/api-key"
    mounted = {one["name"]: one["mountPath"] for one in pod["containers"][0]["volumeMounts"]}
    assert (mounted["keys"], mounted["caller-key"]) == ("/etc/assay-keys", "/etc/assay-caller")


def test_no_value_of_a_key_is_in_any_manifest() -> None:
    text = json.dumps(render({**CONSOLE, **KEYS}).objects)
    assert not re.search("assay_[0-9a-f]{8}_|ASSAY_API_KEY\\b", text)
    assert not [one for one in render({**CONSOLE, **KEYS}).objects if one["kind"] == "Secret"]


def test_a_promotion_that_could_not_ask_is_refused() -> None:
    with pytest.raises(Refused, match=r"keys\.callerSecretName"):
        render({"keys": {"secretName": "who-may"}})
