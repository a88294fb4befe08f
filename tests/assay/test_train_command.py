from pathlib import Path

import pytest

from bundle import read_bundle
from tests.assay.program import assay, train

PARTS = ("digits:part-1", "digits:part-2")


def test_the_result_for_scripts_names_bundle_digest_and_metrics(tmp_path: Path) -> None:
    result = train(tmp_path, *PARTS)
    assert set(result) == {"bundle", "digest", "metrics"}
    assert read_bundle(Path(result["bundle"])).digest == result["digest"]
    assert result["metrics"]["accuracy"] > 0.95
    assert result["metrics"]["rows"] == 800


def test_the_same_inputs_give_the_same_digest_in_another_directory(tmp_path: Path) -> None:
    first = train(tmp_path / "a", "digits:part-1")
    again = train(tmp_path / "b", "digits:part-1")
    other = train(tmp_path / "c", "digits:part-1", more=["--model-version", "2"])
    assert first["digest"] == again["digest"] != other["digest"]


def test_several_parts_may_follow_one_option(tmp_path: Path) -> None:
    together = assay("train", "--data", *PARTS, "--holdout", "digits:holdout", "--out", tmp_path, "--json")
    assert together.json()["digest"] == train(tmp_path, *PARTS)["digest"]


def test_a_person_is_told_what_to_do_next(tmp_path: Path) -> None:
    done = assay("train", "--data", "digits:part-1", "--holdout", "digits:holdout", "--out", tmp_path)
    assert done.code == 0
    assert "assay serve --bundle" in done.stdout
    assert "parity on 800 rows" in done.stderr


@pytest.mark.parametrize(
    ("data", "holdout", "said"),
    [
        ("digits:part-3", "digits:holdout", "digits has no part 'part-3'; expected holdout, part-1, part-2"),
        (
            "nowhere.csv",
            "digits:holdout",
            "nowhere.csv: no such file, nor a built-in data set; built in: apartments, breast-cancer",
        ),
        ("digits:holdout", "digits:holdout", "stand in the holdout digits:holdout"),
        ("digits:part-1", "{tmp}/one.csv", "one.csv: 2 features, but digits:part-1 has 64"),
        ("{tmp}/text.csv", "digits:holdout", "text.csv, line 3, column b: 'x' is not a finite number"),
    ],
)
def test_a_wrong_input_is_one_line_and_leaves_nothing(tmp_path: Path, data: str, holdout: str, said: str) -> None:
    (tmp_path / "one.csv").write_text("label,a,b\n1,2,3\n")
    (tmp_path / "text.csv").write_text("label,a,b\n1,2,3\n1,2,x\n")
    out = tmp_path / "bundles"
    specifications = ["--data", data.format(tmp=tmp_path), "--holdout", holdout.format(tmp=tmp_path)]
    done = assay("train", *specifications, "--out", out)
    assert done.code == 1
    assert done.stderr.strip().splitlines()[-1].startswith("assay: ")
    assert said in done.stderr.strip().splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not out.exists()


def test_evaluate_scores_a_bundle_as_its_training_did(tmp_path: Path) -> None:
    trained = train(tmp_path, "digits:part-1")
    done = assay("evaluate", "--bundle", trained["bundle"], "--holdout", "digits:holdout", "--json")
    assert done.code == 0, done.stderr
    scored = done.json()
    assert scored["accuracy"] == trained["metrics"]["accuracy"]
    assert scored["digest"] == trained["digest"]
    assert sum(map(sum, scored["confusion_matrix"])) == scored["rows"] == 800
    table = assay("evaluate", "--bundle", trained["bundle"], "--holdout", "digits:holdout").stdout
    assert len(table.strip().splitlines()) == 12


def test_evaluate_names_the_changed_file(tmp_path: Path) -> None:
    bundle = Path(train(tmp_path, "digits:part-1")["bundle"])
    model = bundle / "model.onnx"
    content = bytearray(model.read_bytes())
    content[100] ^= 1
    model.chmod(0o644)
    model.write_bytes(content)
    done = assay("evaluate", "--bundle", bundle, "--holdout", "digits:holdout")
    assert (done.code, done.stdout) == (1, "")
    assert f"{model} was changed" in done.stderr
