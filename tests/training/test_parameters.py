"""params.yaml: the committed one says the defaults, and a wrong one is refused with the file and the key."""

import resource
from pathlib import Path

import pytest
import yaml

from tests.dataset.system_limits import lowered
from training.errors import ParametersNotUsable
from training.parameters import TrainingParameters, read_parameters

COMMITTED = Path(__file__).parents[2] / "params.yaml"


def test_the_committed_file_says_every_default() -> None:
    stated = yaml.safe_load(COMMITTED.read_text(encoding="utf-8"))
    assert stated == TrainingParameters().model_dump(mode="json", by_alias=True)
    assert read_parameters(COMMITTED) == read_parameters(None) == TrainingParameters()
    assert read_parameters(COMMITTED).digest() == TrainingParameters().digest()


def test_what_is_left_out_takes_its_default(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text("")
    assert read_parameters(path) == TrainingParameters()
    path.write_text("seed: 7\nmodel: {version: 3}\npreprocessing: null\nparity: {tolerance: 1e-3}\n")
    read = read_parameters(path)
    assert (read.seed, read.model.version, read.model.name) == (7, 3, "classifier")
    assert (read.preprocessing, read.parity.tolerance) == (None, 0.001)
    assert read.estimator == TrainingParameters().estimator


WRONG = {
    "seed: -1": "seed: Input should be greater than or equal to 0",
    "seed: 4294967296": "seed: Input should be less than or equal to 4294967295",
    "seed: many": "seed: Input should be a valid integer, unable to parse string as an integer",
    "sede: 1": "sede: Extra inputs are not permitted",
    "model: {version: 0}": "model.version: Input should be greater than or equal to 1",
    "model: {name: a/b}": "model.name: String should match pattern",
    "model: {nmae: a}": "model.nmae: Extra inputs are not permitted",
    "model: digits": "model: Input should be a valid dictionary or instance of ModelParameters",
    "experiment: {id: 0}": "experiment.id: Input should be greater than or equal to 1",
    "estimator: {arguments: {}}": "estimator.class: Field required",
    "estimator: {class: MLPClassifier}": "estimator.class: String should match pattern",
    "estimator: {class: a.b, arguments: 3}": "estimator.arguments: Input should be a valid dictionary",
    "estimator: null": "estimator: Input should be a valid dictionary or instance of StepParameters",
    "preprocessing: {class: ''}": "preprocessing.class: String should match pattern",
    "parity: {tolerance: 0}": "parity.tolerance: Input should be greater than 0",
    "parity: {tolerance: .nan}": "parity.tolerance: Input should be",
    "- seed": "the document: Input should be a valid dictionary or instance of TrainingParameters",
    "seed: [1": "not YAML: while parsing a flow sequence",
    "seed: 1\n\tmodel: 2": "not YAML: while scanning",
    "seed: \x00": "not YAML: unacceptable character",
}


@pytest.mark.parametrize(("text", "expected"), WRONG.items(), ids=WRONG)
def test_a_wrong_file_is_refused_with_its_name_and_the_key(tmp_path: Path, text: str, expected: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    with pytest.raises(ParametersNotUsable) as refused:
        read_parameters(path)
    assert str(refused.value).startswith(f"{path}: {expected}")
    assert "\n" not in str(refused.value)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_bytes("model: {title: café}".encode("latin-1"))
    with pytest.raises(ParametersNotUsable, match=r"params\.yaml: not YAML: "):
        read_parameters(tmp_path / "params.yaml")


def test_a_file_that_cannot_be_read_is_named_with_the_systems_reason(tmp_path: Path) -> None:
    with pytest.raises(ParametersNotUsable, match=r"params\.yaml: cannot be read: No such file or directory"):
        read_parameters(tmp_path / "params.yaml")
    with pytest.raises(ParametersNotUsable, match="cannot be read: Is a directory"):
        read_parameters(tmp_path)
    with lowered(resource.RLIMIT_NOFILE, 0), pytest.raises(ParametersNotUsable, match="Too many open files"):
        read_parameters(COMMITTED)


def test_numbers_given_on_the_way_replace_those_of_the_file() -> None:
    numbered = TrainingParameters().numbered(model_version=3, experiment_id=9)
    assert (numbered.model.version, numbered.experiment.id) == (3, 9)
    assert numbered.digest() != TrainingParameters().digest()
    assert TrainingParameters().numbered(None, None) == TrainingParameters()
