"""What holds for every command."""

import re
import signal
import subprocess
import sys
import time
from importlib.metadata import packages_distributions, version
from pathlib import Path

import pytest

from delivery.distributions import normalized
from tests.assay.program import assay, command

ROOT = Path(__file__).parents[2]
COMMANDS = ["train", "evaluate", "serve", "split", "store", "gate", "promote", "cluster", "db", "demo"]


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(name: str) -> None:
    done = assay(name, "--help")
    assert done.code == 0
    assert "Usage: assay" in done.stdout


@pytest.mark.parametrize("name", ["train", "evaluate", "serve", "gate", "promote", "demo"])
def test_every_help_has_an_example(name: str) -> None:
    assert f"Example: assay {name}" in assay(name, "--help").stdout


@pytest.mark.parametrize("arguments", [["--no-such-option"], ["train"], ["gate", "--stable"], ["no-such-command"]])
def test_wrong_usage_ends_with_2(arguments: list[str]) -> None:
    assert assay(*arguments).code == 2


def test_the_version_is_that_of_the_package() -> None:
    assert assay("--version").stdout == f"assay {version('assay')}\n"


def test_serving_loads_no_training_library(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "assay", "serve", "--bundle", str(tmp_path / "none")],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    for library in ("sklearn", "skl2onnx", "sqlalchemy", "matplotlib", "kserve", "scipy"):
        assert f" {library}\n" not in done.stderr, f"`assay serve` imports {library}"


def test_an_interrupted_command_says_so_and_ends_with_130(tmp_path: Path) -> None:
    arguments = command("train", "--data", "digits", "--holdout", "digits:holdout", "--out", tmp_path / "out")
    slow = ["--params", str(tmp_path / "long.yaml")]
    (tmp_path / "long.yaml").write_text(
        "estimator:\n  class: sklearn.neural_network.MLPClassifier\n"
        "  arguments: {hidden_layer_sizes: [512, 512], max_iter: 100000, tol: 0.0, n_iter_no_change: 100000}\n"
    )
    process = subprocess.Popen([*arguments, *slow], stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        assert "training" in process.stderr.readline()
        time.sleep(0.5)  # into the middle of the training, wherever that is
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=20)
    finally:
        process.kill()
    assert process.returncode == 130, said
    assert "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_every_command_is_known_with_the_packages_of_the_small_image() -> None:
    pins = (ROOT / "requirements" / "predictor.txt").read_text(encoding="utf-8")
    there = {normalized(name) for name in re.findall(r"^([A-Za-z0-9._-]+)(?:\[.*\])?==", pins, re.MULTILINE)} | {
        "assay"
    }
    absent = [
        module
        for module, distributions in packages_distributions().items()
        if not there & {normalized(name) for name in distributions}
    ]
    assert {"scipy", "yaml"} <= set(absent)
    hiding = (
        "import sys\n"
        "absent = set(sys.argv[1].split())\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name in absent:\n"
        "            raise ModuleNotFoundError(name, name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from assay.cli import main\n"
        "sys.argv = ['assay', '--help']\n"
        "main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", hiding, " ".join(absent)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "rollout-exporter" in done.stdout
