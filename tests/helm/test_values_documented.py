"""Every value is documented and checked, and means what the programs mean by it."""

import json
import re
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import yaml

from predictor.settings import PredictorSettings
from promotion.gate.configuration import GateConfiguration, GuardrailConfiguration
from promotion.gate.policy import GatePolicy, Guardrail, GuardrailPolicy
from tests.helm.rendering import CHART, render

TABLES = CHART.parent / "values_table.py"
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
DEFAULTS: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())


def test_the_readme_s_tables_are_current() -> None:
    done = subprocess.run([sys.executable, str(TABLES), "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_examples_of_the_readme_are_taken() -> None:
    blocks = re.findall(r"(?:^    \S.*\n(?:^     *\S.*\n)*)+", (CHART / "README.md").read_text(), re.MULTILINE)
    examples = [yaml.safe_load(textwrap.dedent(block)) for block in blocks if block.startswith("    gateway:")]
    assert len(examples) == 2
    for values in examples:
        assert render(values).promotion()


def test_every_value_that_the_schema_knows_is_in_the_readme() -> None:
    readme = (CHART / "README.md").read_text()
    pods = ("predictor", "store", "console", "promotion", "exporter", "database.setup", "database.bundled")
    alike = ("canary.", "global", *(f"{name}.pod." for name in pods))
    missing = [
        path
        for path in _leaves(SCHEMA)
        if not path.startswith(alike) and f"| `{path}` |" not in readme and f"### `{path}`\n" not in readme
    ]
    assert missing == []


def test_no_map_lets_an_unknown_key_through_but_those_that_are_free() -> None:
    free = {"affinity", "infrastructure", "global", "kserve.predictor"}
    for path, schema in _objects(SCHEMA):
        is_free = "additionalProperties" not in schema and "$ref" not in schema
        assert not is_free or path in free or path.split(".")[-1] in free or path == "canary", path


def test_defaults_stand_at_every_place_that_the_schema_knows() -> None:
    unset = {
        "global",
        "stable",
        "canary",
        "predictor.settings",
        "console.settings",
        "console.pod",
        "predictor.pod",
        "store.pod",
        "promotion.pod",
        "exporter.pod",
        "database.setup.pod",
        "database.bundled.pod",
    }
    missing = [path for path in _leaves(SCHEMA) if not _is_there(DEFAULTS, path)]
    assert [path for path in missing if not path.startswith(tuple(unset))] == []


def test_the_gate_s_keys_and_defaults_are_those_of_the_gate() -> None:
    gate = dict(SCHEMA["properties"]["promotion"]["properties"]["gate"]["properties"])
    of_one_machine = {"live_labels"}  # a Job has no records to look at
    assert gate.keys() == GateConfiguration.model_fields.keys() - {"format", "profile"} - of_one_machine
    assert DEFAULTS["promotion"]["gate"] == {
        **{name: value for name, value in asdict(GatePolicy()).items() if name not in of_one_machine},
        "required_classes": [],
        "slices": {},
        "required_slices": [],
        "guardrails": {**asdict(GuardrailPolicy()), "watched": list(Guardrail)},
    }
    live = dict(gate.pop("guardrails")["properties"])
    watched = live.pop("watched")
    assert watched["items"]["enum"] == list(Guardrail)
    for ours, model in ((gate, GateConfiguration), (live, GuardrailConfiguration)):
        theirs = model.model_json_schema()["properties"]
        assert {name: _bounds(one) for name, one in ours.items()} == {name: _bounds(theirs[name]) for name in ours}


def test_the_settings_are_those_of_a_predictor_that_have_no_place_of_their_own() -> None:
    settings = SCHEMA["properties"]["predictor"]["properties"]["settings"]["properties"]
    theirs = PredictorSettings.model_json_schema()["properties"]
    elsewhere = {
        "host",
        "http_port",
        "grpc_port",
        "model",
        "revision",
        "drain_seconds",
        "keys_file",
        "without_keys",
        "tls_certificate",
        "tls_key",
        "tls_client_ca",
    }
    of_many_models = {"models_dir", "load_at_start", "model_control", "model_limit_bytes"}  # a pod serves one bundle
    of_records = {name for name in theirs if name.startswith("record")}  # predictor.recording
    for name in elsewhere | of_many_models | of_records:
        del theirs[name]
    bounds = {re.sub("([A-Z])", r"_\1", name).lower(): _bounds(one) for name, one in settings.items()}
    assert bounds == {name: _bounds(one) for name, one in theirs.items()}


def test_what_is_set_of_records_is_what_a_predictor_knows() -> None:
    recording = SCHEMA["properties"]["predictor"]["properties"]["recording"]["properties"]
    theirs = PredictorSettings.model_json_schema()["properties"]
    assert recording["clientHeader"]["pattern"] == theirs["record_client_header"]["pattern"]
    for name in ("disk", "limit", "queue"):
        field = theirs[f"record_{name}_bytes"]
        assert _bounds(recording[f"{name}Bytes"]) == _bounds(field)
        assert DEFAULTS["predictor"]["recording"][f"{name}Bytes"] == field["default"]


def _bounds(schema: dict[str, Any]) -> dict[str, float]:
    """Between what a number has to be; what may also be null says it one level down."""
    found = _resolve(schema)
    found = found.get("anyOf", [found])[0]
    names = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    return {name: found[name] for name in names if name in found}


def _resolve(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        return _resolve(SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")])
    if "then" in schema and "$ref" in schema["then"]:
        return _resolve(schema["then"])
    return schema


def _leaves(schema: dict[str, Any], path: str = "") -> Iterator[str]:
    properties = _resolve(schema).get("properties")
    if properties is None or path.endswith("resources"):
        yield path
        return
    for name, child in properties.items():
        yield from _leaves(child, f"{path}.{name}" if path else name)


def _objects(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    found = _resolve(schema)
    if found.get("type") == "object":
        yield path, found
    for name, child in found.get("properties", {}).items():
        if isinstance(child, dict):
            yield from _objects(child, f"{path}.{name}" if path else name)


def _is_there(values: Any, path: str) -> bool:
    for step in path.split("."):
        if not isinstance(values, dict) or step not in values:
            return False
        values = values[step]
    return True
