"""Clients that people have, as they are, against `assay serve` as it is started."""

import subprocess
import sys
from pathlib import Path

import pytest

from bundle import Bundle
from tests.predictor.assay_serve import Addresses, assay_serve
from tests.predictor.foreign_models import make_gate, make_price_list


@pytest.mark.slow
@pytest.mark.parametrize("clients", ["with_tritonclient", "with_kserve_clients"])
def test_an_unmodified_client_works_over_http_and_grpc(digits: Bundle, tmp_path: Path, clients: str) -> None:
    with assay_serve(digits.path, tmp_path / "log") as addresses:
        run(clients, addresses)


@pytest.mark.slow
def test_an_unmodified_client_changes_the_models_of_several_workers_and_asks_every_kind(tmp_path: Path) -> None:
    for name, content in (("gate", make_gate()), ("prices", make_price_list())):
        file = tmp_path / "models" / name / "1" / "model.onnx"
        file.parent.mkdir(parents=True)
        file.write_bytes(content)
    options = ["--models", str(tmp_path / "models"), "--model-control", "--workers", "2"]
    with assay_serve(None, tmp_path / "log", *options) as addresses:
        run("with_tritonclient_models", addresses)


def run(clients: str, addresses: Addresses) -> None:
    command = [sys.executable, "-m", f"tests.predictor.{clients}", addresses.http, addresses.grpc]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
