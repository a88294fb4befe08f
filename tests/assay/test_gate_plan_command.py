from pathlib import Path

import pytest

from promotion.gate.reasons import ReasonCode
from promotion.statistics.exact_rates import rows_for_power
from tests.assay.program import assay


def test_a_plan_needs_no_data_and_lists_common_disagreements() -> None:
    done = assay("gate", "plan")
    assert done.code == 0
    assert "below 149 rows nothing is promoted" in done.stdout
    assert [line.split()[:2] for line in done.stdout.splitlines() if "% " in line] == [
        ["1.0%", "354"],
        ["2.0%", "530"],
        ["4.0%", "922"],
        ["6.0%", "1325"],
        ["10.0%", "2162"],
        ["15.0%", "3222"],
        ["20.0%", "4290"],
    ]


def test_a_plan_for_a_program_has_its_settings(tmp_path: Path) -> None:
    config = tmp_path / "gate.yaml"
    config.write_text("margin: 0.01\npower: 0.7\n")
    arguments = ["--power", "0.8", "--disagreement", "0.04", "--disagreement", "0.06"]
    content = assay("gate", "plan", "--config", config, *arguments, "--json").json()
    assert (content["margin"], content["alpha"], content["power"]) == (0.01, 0.05, 0.8)
    assert [(one["disagreement"], one["rows"], one["row_floor"]) for one in content["plans"]] == [
        (0.04, 2535, 299),
        (0.06, rows_for_power(0.06, 0.01, 0.05, 0.8), 299),
    ]


@pytest.mark.parametrize(
    ("option", "said"),
    [("--margin=2", "margin: found 2.0, expected a share above 0"), ("--power=0", "power: found 0.0")],
)
def test_a_setting_out_of_its_range_is_named(option: str, said: str) -> None:
    done = assay("gate", "plan", option)
    assert (done.code, done.stdout) == (1, "")
    assert done.stderr.startswith(f"assay: {said}")


@pytest.mark.parametrize("missing", ["stable", "canary", "holdout"])
def test_a_judgement_without_its_options_is_wrong_usage(missing: str) -> None:
    options = {"stable": "http://127.0.0.1:1", "canary": "http://127.0.0.1:2", "holdout": "digits:holdout"}
    given = [text for name, value in options.items() if name != missing for text in (f"--{name}", value)]
    done = assay("gate", *given)
    assert done.code == 2
    assert f"--{missing}: it is missing" in done.stderr


def test_the_schema_of_the_record_is_printed() -> None:
    schema = assay("gate", "schema").json()
    assert schema["title"] == "EvidenceRecord"
    assert schema["properties"]["format"]["enum"] == [1, 2, 3, 4]
    assert (schema["$id"], schema["$schema"]) == (
        "urn:assay:evidence:4",
        "https://json-schema.org/draft/2020-12/schema",
    )
    assert set(schema["$defs"]["ReasonCode"]["enum"]) == set(ReasonCode)
    assert {"overall", "classes", "slices", "errors", "advisory", "policy_digest"} <= schema["properties"].keys()


def test_a_study_is_simulated_and_drawn(tmp_path: Path) -> None:
    config = tmp_path / "gate.yaml"
    config.write_text("margin: 0.1\n")
    picture = tmp_path / "pictures" / "simulation.svg"
    arguments = ["--runs", "20", "--disagreement", "0.2", "--config", config, "--picture", picture]
    content = assay("gate", "simulate", *arguments, "--json").json()
    assert len(content["rates"]) == 3 * 9
    assert content["rates"][0]["gate"] == "fixed test"
    assert [one["rule"] for one in content["guardrails"]] == ["guardrails", "error rate above the margin"] * 4
    assert "at the margin" in picture.read_text()
