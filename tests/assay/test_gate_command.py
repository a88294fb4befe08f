import re
from pathlib import Path

import pytest
from scipy.stats import norm

from dataset import write_csv_table
from promotion.statistics.tango import tango_z
from tests.assay.conftest import ServedPair
from tests.assay.program import assay, command_lines, free_ports
from training.digits import load_digits_parts


def test_a_better_canary_is_promoted_with_the_numbers_that_scripts_read(served: ServedPair, tmp_path: Path) -> None:
    out, page = tmp_path / "evidence.json", tmp_path / "report.html"
    arguments = ["--stable", served.weak_url, "--canary", served.better_url, "--holdout", "digits:holdout"]
    (tmp_path / "gate.yaml").write_text("class_margin: 0.10\n")
    config = ["--config", tmp_path / "gate.yaml"]
    done = assay("gate", *arguments, *config, "--json", "--out", out, "--report", page)
    assert done.code == 0, done.stderr
    record = done.json()
    assert record["verdict"] == "PROMOTE"
    assert record["n"] == 800
    assert (record["margin"], record["alpha"]) == (0.02, 0.05)
    assert record["z"] == pytest.approx(tango_z(record["b"], record["c"], 800, 0.02), abs=1e-6)
    assert record["z"] > norm.isf(0.05)
    assert record["lower_bound"] > -0.02
    assert record["reasons"][0]["code"] == "NOT_WORSE_SHOWN"
    assert out.read_text() == done.stdout
    html = page.read_text()
    assert "PROMOTE" in html
    assert html.count("<svg") == 6
    asked_for = re.findall(r"<(?:script|link|img|iframe)\b|@import|url\((?!#)|href=\"http", html)
    assert asked_for == [], "the page asks the network for something"


def test_two_bundles_are_judged_as_if_they_were_served(bundles: tuple[Path, Path]) -> None:
    weak, better = bundles
    done = assay("gate", "--stable", better, "--canary", weak, "--holdout", "digits:holdout", "--json")
    assert done.code == 10, done.stderr
    record = done.json()
    assert record["stable"]["bundle_digest"] == f"sha256:{better.name}"
    assert record["canary"]["bundle_digest"] == f"sha256:{weak.name}"
    own = [line for line in command_lines() if "--revision stable" in line or "--revision canary" in line]
    assert [line for line in own if str(weak) in line or str(better) in line] == []


def test_a_directory_that_is_no_bundle_is_named(bundles: tuple[Path, Path], tmp_path: Path) -> None:
    done = assay("gate", "--stable", tmp_path / "none", "--canary", bundles[0], "--holdout", "digits:holdout")
    assert done.code == 12
    assert done.stderr.splitlines()[-1].startswith("assay: ERROR: stable ended with"), done.stderr
    assert str(tmp_path / "none") in done.stderr


def test_a_worse_canary_is_rejected_for_a_person_to_read(served: ServedPair) -> None:
    arguments = ["--stable", served.better_url, "--canary", served.weak_url, "--holdout", "digits:holdout"]
    done = assay("gate", *arguments)
    assert done.code == 10
    assert done.stdout.startswith("REJECT: the canary is worse by about")
    assert "lower bound" in done.stdout


def test_forty_rows_are_too_few_and_the_number_that_is_needed_is_said(served: ServedPair, tmp_path: Path) -> None:
    short = tmp_path / "holdout-40.csv"
    write_csv_table(load_digits_parts()["holdout"].first(40), short)
    arguments = ["--stable", served.weak_url, "--canary", served.better_url, "--holdout", short]
    done = assay("gate", *arguments)
    assert done.code == 11
    assert "INCONCLUSIVE: 40 rows cannot show a margin of 0.02; at least 149 are needed, about" in done.stdout


@pytest.mark.parametrize("json", [[], ["--json"]])
def test_an_unreachable_canary_is_an_error_and_no_verdict_on_it(served: ServedPair, json: list[str]) -> None:
    (port,) = free_ports(1)
    url = f"http://127.0.0.1:{port}"
    done = assay("gate", "--stable", served.weak_url, "--canary", url, "--holdout", "digits:holdout", *json)
    assert done.code == 12
    assert f"ERROR: canary {url}: no answer" in done.stderr
    if json:
        record = done.json()
        assert record["verdict"] == "ERROR"
        assert [reason["code"] for reason in record["reasons"]] == ["PREDICTOR_UNREACHABLE"]
        assert (record["n"], record["z"], record["canary"]["url"]) == (0, None, url)
    else:
        assert done.stdout == ""


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("margn: 0.02", "margn"),
        ("margin: 2", "margin"),
        ("[1, 2]", "gate.yaml"),
        ("margin: {", "gate.yaml"),
    ],
)
def test_a_wrong_configuration_is_named(served: ServedPair, tmp_path: Path, content: str, said: str) -> None:
    config = tmp_path / "gate.yaml"
    config.write_text(content)
    urls = ["--stable", served.weak_url, "--canary", served.better_url]
    done = assay("gate", *urls, "--holdout", "digits:holdout", "--config", config)
    assert done.code == 12
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("assay: ERROR: ")


def test_a_holdout_of_another_shape_is_refused_with_both_counts(served: ServedPair, tmp_path: Path) -> None:
    narrow = tmp_path / "narrow.csv"
    narrow.write_text("label,a,b\n" + "1,2,3\n" * 200)
    done = assay("gate", "--stable", served.weak_url, "--canary", served.better_url, "--holdout", narrow)
    assert done.code == 12
    assert "64" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_slice_that_the_holdout_cannot_be_cut_into_is_named_before_anybody_is_asked(tmp_path: Path) -> None:
    config = tmp_path / "gate.yaml"
    config.write_text("slices: {dark: lux < 10}")
    urls = ["--stable", "http://127.0.0.1:1", "--canary", "http://127.0.0.1:1"]
    done = assay("gate", *urls, "--holdout", "digits:holdout", "--config", config)
    assert done.code == 12
    assert done.stderr.startswith(
        "assay: ERROR: slice dark: column 'lux' is unknown, expected one of 64, such as pixel_0_0"
    )
    assert len(done.stderr.strip().splitlines()) == 1
