"""The examples of README and of the pages of serving and models, run as they stand, with the output shown there."""

import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.predictor.assay_serve import Addresses, assay_serve
from tests.predictor.foreign_models import make_cnn

ROOT = Path(__file__).parents[2]
SECTIONS = [("README.md", "## For those who call it"), ("docs/serving.md", "## Examples")]
# What differs from run to run and from machine to machine: digests, ids, numbers, times.
_VARYING = re.compile(r"(sha256:)?\b[0-9a-f]{64}\b|\b[0-9a-f]{32}\b|\b[0-9a-f]{12}\b|-?\d+(\.\d+)?(e-?\d+)?")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Addresses]:
    folder = tmp_path_factory.mktemp("examples")
    command = [sys.executable, "-m", "assay", "train", "--data", "digits:part-1", "--holdout", "digits:holdout"]
    subprocess.run([*command, "--out", str(folder)], check=True, capture_output=True, timeout=120)
    (bundle,) = (path for path in folder.iterdir() if path.is_dir())
    with assay_serve(bundle, folder / "log") as addresses:
        yield addresses


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the programs that the examples call: this Python, a grpcurl, and ours."""
    folder = tmp_path_factory.mktemp("programs")
    for name, module in (("python3", ""), ("grpcurl", "-m tests.predictor.grpcurl"), ("assay", "-m assay")):
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {module} "$@"\n')
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return folder


def read_session(page: str, heading: str) -> list[tuple[str, str]]:
    """The commands of a section's indented blocks, each with the output that is shown."""
    section = re.split(r"\n## ", (ROOT / page).read_text().split(f"{heading}\n")[1])[0]
    session: list[tuple[str, str]] = []
    for line in section.splitlines():
        if line.startswith("    $ "):
            session.append((line.removeprefix("    $ "), ""))
        elif line.startswith("    >"):
            command, output = session.pop()
            session.append((f"{command}\n{line[6:]}", output))
        elif line.startswith("    ") and session:
            command, output = session.pop()
            session.append((command, f"{output}{line.removeprefix('    ')}\n"))
    return session


def run_session(
    session: list[tuple[str, str]], programs: Path, folder: Path, addresses: Addresses | None = None
) -> None:
    """Run the commands in `folder`; each has to print what is shown, but for what varies."""
    end = "-- end of the command --"
    script = "exec 2>&1\n" + "".join(f"{command}\necho; echo '{end}'\n" for command, _ in session)
    if addresses:
        script = re.sub("localhost:800[01]", addresses.http, script).replace("localhost:9001", addresses.grpc)
    varying = {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "no_proxy": "*", "COLUMNS": "200"}
    ended = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**os.environ, **varying},
        stdout=subprocess.PIPE,
        text=True,
        timeout=240,
        check=False,
    )
    outputs = ended.stdout.split(f"{end}\n")
    assert len(outputs) == len(session) + 1, ended.stdout
    for (command, expected), output in zip(session, outputs, strict=False):
        assert _VARYING.sub("N", output.strip()) == _VARYING.sub("N", expected.strip()), command


@pytest.mark.slow
@pytest.mark.parametrize(("page", "heading"), SECTIONS)
def test_an_example_prints_what_the_page_shows(
    served: Addresses, programs: Path, tmp_path: Path, page: str, heading: str
) -> None:
    session = read_session(page, heading)
    assert len(session) > 2
    run_session(session, programs, tmp_path, served)


@pytest.mark.slow
@pytest.mark.parametrize("heading", ["## Models that were not trained here", "## Tables of numbers and categories"])
def test_a_model_of_the_models_page_is_made_and_asked_as_it_shows(programs: Path, tmp_path: Path, heading: str) -> None:
    session = read_session("docs/models.md", heading)
    shown, made, *asked = session
    (tmp_path / "shapes.onnx").write_bytes(make_cnn())
    (tmp_path / shown[0].removeprefix("cat ")).write_text(shown[1])
    run_session([made], programs, tmp_path)
    (bundle,) = (tmp_path / "build" / "bundles").iterdir()
    assert len(asked) > 1
    with assay_serve(None, tmp_path / "log", "--bundle", str(bundle)) as addresses:  # under the digest's own name
        run_session(asked, programs, tmp_path, addresses)
