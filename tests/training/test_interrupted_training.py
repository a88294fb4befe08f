"""Ctrl-C ends a training: scikit-learn alone would stop fitting and keep a model that is trained by half."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.slow
def test_an_interrupted_training_ends_and_leaves_no_bundle(tmp_path: Path) -> None:
    command = [sys.executable, "-u", "-m", "tests.training.train_without_end", str(tmp_path)]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Iteration 1, ")
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == -signal.SIGINT
    assert errors.strip().endswith("KeyboardInterrupt")
    assert list(tmp_path.iterdir()) == []
