"""What PostgreSQL has of a server under load equals what it answered, whatever ends meanwhile, and is there once."""

import signal
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from sqlalchemy import RowMapping, text

from bundle import Bundle
from records.database import Database, open_database
from records.roles import make_roles
from records.schema import upgrade
from tests.predictor.asking import INFER, Answers, ask_often, over_classify, over_grpc, over_infer
from tests.predictor.bundles import infer_body
from tests.predictor.conftest import StartServer
from tests.predictor.grpc_calls import inference_stub
from tests.predictor.server_process import ServerProcess, wait_for
from tests.records.postgres_server import PostgresServer

pytestmark = pytest.mark.slow
CLIENTS = 2  # of each kind


@pytest.fixture
def database(postgres: PostgresServer) -> Iterator[Database]:
    """With tables and roles."""
    database = open_database(postgres.empty_database())
    upgrade(database)
    make_roles(database, {"predictor": "of-the-predictor"})
    yield database
    database.dispose()


@pytest.fixture
def recorded(database: Database, postgres: PostgresServer, tmp_path: Path) -> dict[str, object]:
    """The settings of a server that may insert there and do nothing else."""
    (tmp_path / "url").write_text(postgres.url(str(database.url.database), "assay_predictor", "of-the-predictor"))
    return {"record": "database", "database_url_file": tmp_path / "url", "record_spool_dir": tmp_path / "spool"}


def rows_of(database: Database) -> Sequence[RowMapping]:
    with database.connect() as connection:
        return connection.execute(text("SELECT * FROM predictions ORDER BY answered_at, key, row")).mappings().all()


def number_of_rows(database: Database) -> int:
    with database.connect() as connection:
        return int(connection.execute(text("SELECT count(*) FROM predictions")).scalar_one())


def count(process: ServerProcess, name: str) -> float:
    with process.client() as client:
        lines = client.get("/metrics").text.splitlines()
    return sum(float(line.split()[1]) for line in lines if line.startswith(f"assay_recorder_{name} "))


def as_answered(rows: Sequence[RowMapping]) -> Answers:
    """What the rows say, the way the clients noted it down."""
    found: Answers = {}
    for row in rows:
        features = np.frombuffer(row["inputs"], np.float32).tolist()
        label, probabilities = (
            np.frombuffer(row["outputs"][:8], np.int64),
            np.frombuffer(row["outputs"][8:], np.float32),
        )
        assert (row["label_index"], row["label"]) == (label[0], "abcd"[label[0]])
        answers = found.setdefault(row["request_id"], [])
        assert row["row"] == len(answers)
        answers.append((features, row["label_index"], float(probabilities[label[0]])))
    return found


def check_equal(found: Answers, told: Answers) -> None:
    assert sorted(found) == sorted(told)
    for request_id, answers in told.items():
        for mine, theirs in zip(found[request_id], answers, strict=True):
            assert mine[:2] == theirs[:2]
            assert mine[2] == pytest.approx(theirs[2], rel=1e-6)


@pytest.mark.parametrize("end", [PostgresServer.stop, PostgresServer.crash])
def test_a_database_that_ends_under_load_has_in_the_end_exactly_what_was_answered(
    contrary: Bundle,
    start_server: StartServer,
    postgres: PostgresServer,
    database: Database,
    recorded: dict[str, object],
    end: Any,
) -> None:
    process = start_server(contrary.path, grpc_port=0, revision="r1", **recorded).wait_until_ready()
    told: Answers = {}
    is_stopped = threading.Event()
    with ExitStack() as stack:
        stub = stack.enter_context(inference_stub(process.grpc))
        client = stack.enter_context(process.client())
        threads = stack.enter_context(ThreadPoolExecutor())
        asks = [over(client, stub) for over in (over_classify, over_infer, over_grpc) for _ in range(CLIENTS)]

        def ask_on(number: int) -> None:
            ask_often(asks[number], 100 * number, 40, told)
            is_stopped.wait(60)
            ask_often(asks[number], 100 * number + 1, 40, told)

        asking = [threads.submit(ask_on, number) for number in range(len(asks))]
        wait_for(lambda: number_of_rows(database), process.is_running)
        end(postgres)
        is_stopped.set()
        wait_for(lambda: len(told) > 60 * len(asks) and count(process, "spool_bytes"), process.is_running)
        postgres.start()
        for future in asking:
            future.result()
        wait_for(lambda: count(process, "written_total") == len(told), process.is_running)
    assert count(process, "dropped_total") == count(process, "spool_bytes") == 0
    assert process.stop(signal.SIGTERM) == 0
    rows = rows_of(database)
    check_equal(as_answered(rows), told)
    assert len(told) == 2 * 40 * len(asks)
    assert {(row["revision"], row["bundle_digest"], row["is_cut"]) for row in rows} == {("r1", contrary.digest, False)}
    assert all(row["seconds"] > 0 and row["rows"] == len(told[row["request_id"]]) for row in rows)


def test_a_server_without_a_database_that_should_record_in_one_does_not_start(
    contrary: Bundle, start_server: StartServer
) -> None:
    process = start_server(contrary.path, record="database")
    process.process.wait(60)
    assert process.log.read_text().startswith("no database is set; expected ASSAY_DATABASE_URL, such as sqlite:///")


def test_a_server_starts_without_its_database_and_records_once_it_is_there(
    contrary: Bundle, start_server: StartServer, tmp_path: Path
) -> None:
    url = f"sqlite:///{tmp_path}/records.db"
    process = start_server(contrary.path, record="database", database_url=url).wait_until_ready()
    with process.client() as client:
        client.post(INFER, json=infer_body([[1.0, 0.0, 0.0, 0.0]] * 3)).raise_for_status()
    wait_for(lambda: "the sink of predictions takes nothing" in process.log.read_text(), process.is_running)
    database = open_database(url)
    upgrade(database)
    wait_for(lambda: number_of_rows(database) == 3, process.is_running)
    database.dispose()


def ask_until_it_dies(process: ServerProcess, told: set[str]) -> None:
    with process.client() as client:
        while True:
            try:
                answer = client.post(INFER, json=infer_body([[1.0, 0.0, 0.0, 0.0]]))
            except httpx.TransportError:
                return
            told.add(answer.headers["x-request-id"])


def test_a_server_that_is_killed_lost_nothing_that_it_had_spooled_and_recorded_nothing_twice(
    contrary: Bundle,
    start_server: StartServer,
    postgres: PostgresServer,
    database: Database,
    recorded: dict[str, object],
) -> None:
    told: set[str] = set()
    process = start_server(contrary.path, **recorded).wait_until_ready()
    with ThreadPoolExecutor() as threads:
        for _ in range(CLIENTS):
            threads.submit(ask_until_it_dies, process, told)
        wait_for(lambda: number_of_rows(database), process.is_running)
        postgres.crash()
        crashed_at = count(process, "spooled_total")
        wait_for(lambda: count(process, "spooled_total") > crashed_at + 600, process.is_running)
        kept = count(process, "spooled_total")
        process.stop(signal.SIGKILL)
    postgres.start()
    have = number_of_rows(database)
    process = start_server(contrary.path, **recorded)
    wait_for(lambda: number_of_rows(database) > have, process.is_running)
    process.stop(signal.SIGKILL)  # while it catches up
    process = start_server(contrary.path, **recorded).wait_until_ready()
    wait_for(lambda: count(process, "spool_bytes") == 0, process.is_running)
    process.stop(signal.SIGTERM)
    rows = rows_of(database)
    assert len({row["request_id"] for row in rows}) == len({row["key"] for row in rows}) == len(rows) >= kept
    unread = {row["request_id"] for row in rows} - told
    assert len(unread) <= CLIENTS, "an answer that was under way when the process was killed"
