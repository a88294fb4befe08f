"""The life of a gateway: what keeps it from starting, and that it never outlives who started it."""

import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from promotion.routers.envoy import EnvoyProcess, EnvoyRouter, GatewayNotStarted, RevisionEndpoint
from promotion.routers.envoy.admin import EnvoyAdmin
from promotion.routers.traffic_router import RouterUnreachable
from tests.promotion.routers.machine import REPOSITORY, Machine, Server, find_free_port, run_server, wait_until


@pytest.fixture
def stable() -> Iterator[Server]:
    with run_server("v1") as server:
        yield server


def start_and_stop(directory: Path, stable: RevisionEndpoint, port: int, timeout_seconds: float = 10) -> None:
    with EnvoyProcess.start(directory, stable, port=port, timeout_seconds=timeout_seconds) as gateway:
        pytest.fail(f"a gateway runs as pid {gateway.pid}")


def envoys_in(directory: Path) -> list[int]:
    found = []
    for process in psutil.process_iter():
        try:
            if process.name() == "envoy" and process.cwd() == str(directory) and process.status() != "zombie":
                found.append(process.pid)
        except (psutil.Error, OSError):  # it ended meanwhile
            continue
    return found


def test_a_port_in_use_is_named_with_its_holder(tmp_path: Path, stable: Server) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        with pytest.raises(
            GatewayNotStarted, match=rf"^port {port} is in use \(pid {os.getpid()}, \S+\); choose another"
        ):
            start_and_stop(tmp_path, stable.endpoint, port)


def test_a_port_that_another_gateway_holds_is_named(machine: Machine, tmp_path: Path) -> None:
    port = int(machine.gateway.url.rpartition(":")[2])
    with pytest.raises(GatewayNotStarted, match=rf"port {port} is in use \(pid {machine.gateway.pid}, envoy\)"):
        start_and_stop(tmp_path / "other", machine.stable.endpoint, port)


def test_an_address_that_is_not_of_this_machine_is_named(tmp_path: Path, stable: Server) -> None:
    with pytest.raises(GatewayNotStarted, match=r"port 8080 on 192\.0\.2\.1 cannot be used"):
        EnvoyProcess.start(tmp_path, stable.endpoint, host="192.0.2.1", port=8080)


def test_a_second_gateway_on_the_same_directory_is_refused(machine: Machine) -> None:
    with pytest.raises(GatewayNotStarted, match=rf"a gateway runs from .* already \(pid {machine.gateway.pid}, http:"):
        start_and_stop(machine.directory, machine.stable.endpoint, find_free_port())
    assert machine.who_answers() == "v1"
    assert machine.router.read_split().canary_percent == 0


def test_a_stable_that_does_not_answer_is_named_and_nothing_is_left_running(tmp_path: Path) -> None:
    absent = RevisionEndpoint("v1", "127.0.0.1", find_free_port())
    with pytest.raises(
        GatewayNotStarted, match=rf"stable, v1, is not ready after 1 s: {absent.url}/v2/health/ready does not"
    ):
        start_and_stop(tmp_path, absent, find_free_port(), timeout_seconds=1)
    assert envoys_in(tmp_path) == []
    with pytest.raises(RouterUnreachable):
        EnvoyRouter(tmp_path).read_split()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path, stable: Server) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RouterUnreachable, match="file/gateway"):
        start_and_stop(tmp_path / "file" / "gateway", stable.endpoint, find_free_port())


def test_a_gateway_starts_again_at_0_percent_without_a_canary(machine: Machine) -> None:
    machine.split(50)
    machine.gateway.stop()
    machine.gateway.stop()
    with EnvoyProcess.start(machine.directory, machine.stable.endpoint, port=find_free_port()) as again:
        assert again.router.read_split().canary_percent == 0
        assert again.router.read_revisions().canary is None


def test_a_gateway_works_in_a_directory_with_a_very_long_path(tmp_path: Path, stable: Server) -> None:
    directory = tmp_path / "/".join(["a-folder-with-a-long-name"] * 8) / "gateway"
    with EnvoyProcess.start(directory, stable.endpoint, port=find_free_port()) as gateway:
        gateway.router.restore_stable()
        assert httpx.post(f"{gateway.url}/classify", trust_env=False).text == "v1"


def test_the_admin_interface_is_for_the_owner_alone(machine: Machine) -> None:
    assert (machine.directory / "admin.sock").stat().st_mode & 0o777 == 0o600
    assert listening_ports(machine.gateway.pid) == {int(machine.gateway.url.rpartition(":")[2])}


def test_requests_in_flight_are_finished_before_the_gateway_stops(tmp_path: Path) -> None:
    answers: list[str] = []
    with run_server("v1", delay_seconds=1.5) as slow:
        gateway = EnvoyProcess.start(tmp_path, slow.endpoint, port=find_free_port())
        try:
            asking = threading.Thread(
                target=lambda: answers.append(httpx.post(f"{gateway.url}/classify", trust_env=False).text)
            )
            asking.start()
            wait_until(lambda: requests_in_flight(tmp_path) == 1, lambda: "the request has not arrived")
        finally:
            gateway.stop()
        asking.join()
    assert answers == ["v1"]
    assert gateway.wait() == 0


def requests_in_flight(directory: Path) -> int:
    return sum(EnvoyAdmin(directory).read_stats(r"^http\.assay\.downstream_rq_active$").values())


def listening_ports(pid: int) -> set[int]:
    return {
        connection.laddr.port
        for connection in psutil.net_connections("tcp")
        if connection.pid == pid and connection.status == psutil.CONN_LISTEN and connection.laddr
    }


def test_envoy_dies_with_the_process_that_started_it(tmp_path: Path, stable: Server) -> None:
    program = (
        "import sys, pathlib, time\n"
        "from promotion.routers.envoy import EnvoyProcess, RevisionEndpoint\n"
        "stable = RevisionEndpoint('v1', '127.0.0.1', int(sys.argv[2]))\n"
        "gateway = EnvoyProcess.start(pathlib.Path(sys.argv[1]), stable, port=int(sys.argv[3]))\n"
        "print(gateway.pid, flush=True)\n"
        "gateway.wait()\n"
    )
    arguments = [str(tmp_path), str(stable.endpoint.port), str(find_free_port())]
    parent = subprocess.Popen(
        [sys.executable, "-c", program, *arguments], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    try:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert envoys_in(tmp_path) == [pid]
    finally:
        parent.kill()
        parent.communicate()
    wait_until(lambda: envoys_in(tmp_path) == [], lambda: f"envoy still runs as {envoys_in(tmp_path)}")
    with EnvoyProcess.start(tmp_path, stable.endpoint, port=find_free_port()) as gateway:
        assert gateway.router.read_split().canary_percent == 0
