"""The demo from outside: what it says, what it leaves, and that it leaves nothing running."""

import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from promotion.gate.record import EvidenceRecord
from promotion.rollout.record import record_from_json
from tests.assay.program import command, command_lines, free_ports

FASHION_MNIST = "FASHION_MNIST_DIR"


@pytest.fixture
def port() -> int:
    return free_ports(5)[0]


def test_a_port_in_use_is_named(tmp_path: Path) -> None:
    first = free_ports(5)[0]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", first + 2))
        taken.listen()
        done = _run(tmp_path, first)
    assert done.returncode == 1
    assert f"port {first + 2} is in use (pid {os.getpid()}, " in done.stderr
    assert not (tmp_path / "demo").exists()


def test_a_folder_without_the_files_is_named(tmp_path: Path, port: int) -> None:
    (tmp_path / "fashion-train-1.csv").write_text("label,a\n1,2\n")
    done = _run(tmp_path, port, "--data", str(tmp_path))
    assert done.returncode == 1
    assert "expected one file named *train-2.csv, .csv.gz or .parquet, found none" in done.stderr


PICTURES = {
    "difference in accuracy with its lower bound against the margin": 3,
    "difference in accuracy and its lower bound over the rows": 3,
    "confusion matrices": 3,
    "rows by stable's answer": 3,
    "asked and observed share": 1,
    "share of the requests that each revision answered over time": 1,
}


@pytest.mark.slow
def test_the_whole_story(tmp_path: Path, port: int) -> None:
    """On Fashion-MNIST where that is here; on what comes with the program elsewhere, as `make demo` is."""
    folder = os.environ.get(FASHION_MNIST)
    done = _run(tmp_path, port, *(["--data", folder] if folder else []))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"requests served \d{3,}, failed 0", done.stdout), done.stdout
    directory = _only_run(tmp_path)
    verdicts = [
        EvidenceRecord.model_validate_json(path.read_bytes()).verdict
        for path in sorted((directory / "rollouts").glob("evidence-*.json"))
    ]
    assert verdicts == ["PROMOTE", "REJECT", "INCONCLUSIVE"]
    rollouts = [record_from_json(path.read_bytes()) for path in sorted((directory / "rollouts").glob("rollout-*.json"))]
    assert [rollout.state for rollout in rollouts] == ["promoted", "restored", "restored"]
    assert [step.asked_percent for step in rollouts[0].observations] == [5, 25, 50, 100]
    assert [rollout.observations for rollout in rollouts[1:]] == [(), ()]
    assert len(list((directory / "bundles").iterdir())) == 4
    page = (directory / "report.html").read_text()
    for picture, times in PICTURES.items():
        assert page.count(f'aria-label="{picture}') == times, picture
    assert _processes_of(tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_nothing_runs_on_when_it_is_ended_in_the_middle(tmp_path: Path, port: int, number: signal.Signals) -> None:
    process = subprocess.Popen(
        command("demo", "--out", tmp_path / "demo", "--port", str(port)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if "split in force: 25 %" in line:
                break
        assert len(_processes_of(tmp_path)) >= 4, "the demo has no predictors and no gateway"
        process.send_signal(number)
        process.communicate(timeout=30)
    finally:
        process.kill()
    expected = {signal.SIGINT: 130, signal.SIGTERM: 143, signal.SIGKILL: -9}
    assert process.returncode == expected[number]
    deadline = time.monotonic() + 60
    while (left := _processes_of(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert left == []


def _run(tmp_path: Path, port: int, *more: str) -> subprocess.CompletedProcess[str]:
    arguments = command("demo", "--out", tmp_path / "demo", "--port", str(port), *more)
    return subprocess.run(arguments, capture_output=True, text=True, timeout=280, check=False)


def _only_run(tmp_path: Path) -> Path:
    (directory,) = (tmp_path / "demo").iterdir()
    return directory


def _processes_of(tmp_path: Path) -> list[str]:
    """Command lines of processes that work in `tmp_path` or were given a path in it, but for this test's own demo."""
    return [line for line in command_lines() if str(tmp_path) in line and " demo " not in f"{line} "]
