"""Secrets that were planted, looked for in everything that a run of all servers and of a promotion leaves behind."""

import signal
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import httpx
import psutil
import pytest

from access.caller import OwnCredentials
from access.key_file import create_key
from access.scopes import Scope
from assay.demo.client_traffic import ClientTraffic
from dataset import write_csv_table
from tests.assay.program import assay, start_and_wait
from tests.certificates import Authority
from tests.console.console_process import ConsoleProcess
from tests.predictor.server_process import ServerProcess
from tests.promotion.evidence.columns import make_holdout, write_column_bundle
from tests.promotion.evidence.predictors import find_free_port

PASSWORD = "planted-database-password"  # noqa: S105
WRONG = "assay_00000000_" + "planted0" * 8
HIDDEN = "secrets"


@pytest.fixture
def planted(tmp_path: Path) -> dict[str, str]:
    """What has to be found nowhere but in the folder `secrets`, by what it is."""
    folder = tmp_path / HIDDEN
    folder.mkdir()
    scopes = [Scope.READ, Scope.INFER]
    _, key = create_key(tmp_path / "keys.json", "all", scopes, now=datetime.now(UTC))
    (folder / "key").write_text(key)
    own = Authority(folder).sign("server")
    return {
        "the key": key,
        "its random part": key.rpartition("_")[2],
        "a wrong key": WRONG,
        "the database's password": PASSWORD,
        "the TLS key": own.key.read_text().splitlines()[1],
    }


@pytest.mark.slow
def test_no_secret_is_in_a_log_a_record_evidence_or_a_command_line(tmp_path: Path, planted: dict[str, str]) -> None:
    key, hidden = planted["the key"], tmp_path / HIDDEN
    bundles = {name: write_column_bundle(tmp_path / "bundles", name) for name in ("v1", "v2")}
    write_csv_table(make_holdout(), tmp_path / "holdout.csv")
    shown = {"ASSAY_API_KEY_FILE": str(hidden / "key")}
    common = {"keys_file": tmp_path / "keys.json", "slow_seconds": 1e-9, "record_client_header": "X-Client-Id"}
    tls = {"tls_certificate": hidden / "server.pem", "tls_key": hidden / "server.key"}
    in_database = {"record": "database", "database_url": f"postgresql://me:{PASSWORD}@127.0.0.1:1/records"}
    said: list[str] = []
    with ExitStack() as running, pytest.MonkeyPatch.context() as patch:
        pair = {
            name: running.enter_context(
                ServerProcess(
                    bundle.path,
                    tmp_path / f"{name}.log",
                    revision=name,
                    record=f"jsonl:{tmp_path / 'records' / name}",
                    **common,
                )
            ).wait_until_ready()
            for name, bundle in bundles.items()
        }
        third = ServerProcess(bundles["v1"].path, tmp_path / "third.log", **common, **tls, **in_database)
        guarded = running.enter_context(third).wait_until_ready()
        for name, value in {"KEYS_FILE": tmp_path / "keys.json", "TLS_CERTIFICATE": tls["tls_certificate"]}.items():
            patch.setenv(f"ASSAY_CONSOLE_{name}", str(value))
        patch.setenv("ASSAY_CONSOLE_TLS_KEY", str(tls["tls_key"]))
        patch.setenv("ASSAY_API_KEY", key)
        console = running.enter_context(ConsoleProcess(tmp_path / "console", find_free_port()))
        patch.delenv("ASSAY_API_KEY")
        for url in (pair["v1"].url, guarded.url, console.url):
            with httpx.Client(base_url=url, verify=False, trust_env=False, timeout=60) as client:  # noqa: S501
                for given in (key, WRONG, f"{key}x", "Basic me"):
                    headers = {"authorization": f"Bearer {given}", "cookie": f"assay-session={given}"}
                    for _ in range(4):
                        client.post("/classify", json={"row": [1, 1, 1, 1]}, headers=headers)
                    seen = ("/metadata", "/predictions", f"/{given}", "/metrics")
                    said.extend(client.get(path, headers={**headers, "origin": url}).text for path in seen)
                said.append(client.post("/sign-in", data={"key": WRONG}, headers={"origin": url}).text)
        gateway, port = tmp_path / "gateway", find_free_port()
        envoy = start_and_wait(
            f"http://127.0.0.1:{port}/v2/health/ready",
            tmp_path / "gateway.log",
            *("split", "run", "--gateway", gateway, "--port", port, "--stable", f"v1={pair['v1'].url}"),
        )
        running.callback(envoy.stop)
        assert assay("split", "assign", "canary", f"v2={pair['v2'].url}", "--gateway", gateway).code == 0
        place = ["--gateway", gateway, "--out", tmp_path / "rollouts", "--holdout", tmp_path / "holdout.csv"]
        quickly = ["--minimum-requests", 0, "--minimum-seconds", 0.2]
        rows = make_holdout().features[:20].tolist()
        with ClientTraffic(f"http://127.0.0.1:{port}/classify", rows, OwnCredentials(key)) as traffic:
            done = assay("promote", *place, *quickly, environment=shown)
        assert traffic.requests
        assert not traffic.failed
        assert done.code == 0, done.stderr
        gate = ["--stable", pair["v1"].url, "--canary", pair["v2"].url, "--holdout", tmp_path / "holdout.csv"]
        judged = assay("gate", *gate, "--json", "--report", tmp_path / "report.html", environment=shown)
        assert judged.code == 0, judged.stderr
        said += [done.stdout, done.stderr, judged.stdout, judged.stderr]
        said += [" ".join(one.cmdline()) for one in _own_processes()]
        for server in (*pair.values(), guarded):
            assert server.stop(signal.SIGTERM) == 0
    files = [path for path in tmp_path.rglob("*") if path.is_file() and hidden not in path.parents]
    looked_at = {path: path.read_bytes() for path in files}
    assert any("jsonl" in path.name for path in files), "nothing was recorded"
    assert b"a request was slow" in looked_at[tmp_path / "v1.log"]
    assert {tmp_path / "rollouts" / "evidence-0001.json", tmp_path / "report.html"} <= set(files)
    found = [
        f"{what} in {path.relative_to(tmp_path)}"
        for what, secret in planted.items()
        for path, content in looked_at.items()
        if secret.encode() in content
    ]
    found += [
        f"{what} in what was said: {text[:300]}" for what, secret in planted.items() for text in said if secret in text
    ]
    assert found == []


def _own_processes() -> list[psutil.Process]:
    """This one's children, and theirs, while they are there."""
    alive = [one for one in psutil.Process().children(recursive=True) if one.status() != psutil.STATUS_ZOMBIE]
    assert len(alive) > 5
    return alive
