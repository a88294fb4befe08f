from pathlib import Path

import pytest

from bundle import read_bundle
from tests.assay.program import assay
from tests.predictor.foreign_models import make_cnn, make_price_list

PRICES = """task: regression
feature_names: [area, district]
categories: {district: [harbour, station]}
"""


def test_a_file_becomes_a_bundle_that_says_what_its_manifest_says(tmp_path: Path) -> None:
    (tmp_path / "prices.onnx").write_bytes(make_price_list())
    (tmp_path / "prices.yaml").write_text(PRICES)
    files = ("--onnx", tmp_path / "prices.onnx", "--manifest", tmp_path / "prices.yaml")
    done = assay("pack", *files, "--out", tmp_path / "bundles", "--model-version", "3", "--json").json()
    bundle = read_bundle(Path(done["bundle"]), expected_digest=done["digest"])
    assert (bundle.manifest.model, bundle.manifest.version, bundle.manifest.task) == ("prices", 3, "regression")
    assert bundle.manifest.lineage is None
    assert bundle.model_bytes == make_price_list()


def test_a_file_alone_answers_inference(tmp_path: Path) -> None:
    (tmp_path / "shapes.onnx").write_bytes(make_cnn())
    done = assay("pack", "--onnx", tmp_path / "shapes.onnx", "--out", tmp_path / "bundles")
    assert done.code == 0
    assert "task     inference" in done.stdout
    assert "assay serve --bundle" in done.stdout


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ("price: 1", "the field 'price'; expected fields among answer, categories, classes"),
        ("[1]", "a list; expected fields among"),
        ("task: [", "not YAML"),
        ("task: !!int ''", "not YAML: a value is not of the type it names"),
        ("1: a", "the field '1'; expected fields among"),
        ("task: classification", "shapes: the manifest: Value error, 0 classes for classification"),
        ("{task: regression}", "the outputs are logits FP32 [-1, 4]; expected value FP32 [-1] or [-1, 1]"),
    ],
)
def test_a_manifest_that_cannot_be_kept_is_one_line_and_leaves_nothing(tmp_path: Path, fields: str, said: str) -> None:
    (tmp_path / "shapes.onnx").write_bytes(make_cnn())
    (tmp_path / "shapes.yaml").write_text(fields)
    files = ("--onnx", tmp_path / "shapes.onnx", "--manifest", tmp_path / "shapes.yaml")
    done = assay("pack", *files, "--out", tmp_path / "bundles")
    assert done.code == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "bundles").exists()
