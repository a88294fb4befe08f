"""A gate shows predictors its key, from a file that the environment names, over REST and gRPC."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from access.key_file import create_key
from access.scopes import Scope
from tests.assay.program import assay
from tests.predictor.server_process import ServerProcess


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of keys, and two keys of it, each in a file of its own."""
    folder = tmp_path_factory.mktemp("keys")
    for name, scopes in (("gate", [Scope.READ, Scope.INFER]), ("reader", [Scope.READ])):
        _, key = create_key(folder / "keys.json", name, scopes, now=datetime.now(UTC))
        (folder / name).write_text(f"{key}\n")
    return folder


@pytest.fixture(scope="module")
def predictor(bundles: tuple[Path, Path], place: Path) -> Iterator[ServerProcess]:
    settings = {"keys_file": place / "keys.json", "grpc_port": 0}
    with ServerProcess(bundles[1], place / "log", **settings) as server:
        yield server.wait_until_ready()


@pytest.mark.parametrize("transport", ["http", "grpc"])
def test_a_gate_with_a_key_judges_and_one_without_says_what_it_lacks(
    predictor: ServerProcess, place: Path, transport: str
) -> None:
    url = predictor.url if transport == "http" else f"grpc://{predictor.grpc}"
    arguments = ["gate", "--stable", url, "--canary", url, "--holdout", "digits:holdout"]
    done = assay(*arguments, environment={"ASSAY_API_KEY_FILE": str(place / "gate")})
    assert done.code == 0, done.stderr
    missing = assay(*arguments)
    assert (missing.code, "a key is needed" in missing.stderr) == (12, True), missing.stderr
    lacking = assay(*arguments, environment={"ASSAY_API_KEY_FILE": str(place / "reader")})
    assert (lacking.code, "the key reader does not allow it" in lacking.stderr) == (12, True), lacking.stderr
    key = (place / "gate").read_text().strip()
    in_variable = assay(*arguments, "--json", environment={"ASSAY_API_KEY": key})
    assert in_variable.code == 0
    assert not [text for text in (done, missing, lacking, in_variable) if key in text.stdout + text.stderr]


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"ASSAY_API_KEY_FILE": "/no/such/file"}, "/no/such/file cannot be read: No such file or directory"),
        ({"ASSAY_API_KEY_FILE": "/dev/null"}, "ASSAY_API_KEY_FILE=/dev/null holds no key"),
        ({"ASSAY_API_KEY": "two words"}, "ASSAY_API_KEY holds no key"),
        ({"ASSAY_API_KEY": "secret-1", "ASSAY_API_KEY_FILE": "/x"}, "are both set"),
        ({"ASSAY_CA_FILE": "/no/such/file"}, "ASSAY_CA_FILE or ASSAY_CLIENT_… cannot be used"),
    ],
)
def test_what_is_no_key_is_said_without_showing_it(environment: dict[str, str], said: str) -> None:
    url = "http://127.0.0.1:1"
    done = assay("gate", "--stable", url, "--canary", url, "--holdout", "digits:holdout", environment=environment)
    assert (done.code, said in done.stderr) == (12, True), done.stderr
    assert "two words" not in done.stderr + done.stdout
    assert "secret-1" not in done.stderr + done.stdout
