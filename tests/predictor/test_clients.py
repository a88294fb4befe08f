"""Clients that people have, as they are, against `assay serve` as it is started."""

import subprocess
import sys
from pathlib import Path

import pytest

from bundle import Bundle
from tests.predictor.assay_serve import assay_serve


@pytest.mark.slow
@pytest.mark.parametrize("clients", ["with_tritonclient", "with_kserve_clients"])
def test_an_unmodified_client_works_over_http_and_grpc(digits: Bundle, tmp_path: Path, clients: str) -> None:
    with assay_serve(digits.path, tmp_path / "log") as addresses:
        command = [sys.executable, "-m", f"tests.predictor.{clients}", addresses.http, addresses.grpc]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 0, ended.stderr
