"""How the kernel is asked to share a core among the threads of a predictor."""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from predictor.scheduling import let_all_others_first
from tests.predictor.server_process import ServerProcess


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux has this kind of scheduling")
def test_whoever_works_is_not_interrupted_by_the_thread_that_it_wakes(server: ServerProcess) -> None:
    assert os.sched_getscheduler(server.process.pid) == os.SCHED_BATCH
    threads = [int(name) for name in os.listdir(f"/proc/{server.process.pid}/task")]
    assert [os.sched_getscheduler(thread) for thread in threads].count(os.SCHED_BATCH) > 1  # those that it starts, too


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="elsewhere a priority is not a thread's")
def test_where_the_kernel_refuses_a_thread_goes_last_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    ours = os.getpriority(os.PRIO_PROCESS, 0)
    with ThreadPoolExecutor(1, initializer=let_all_others_first) as thread:
        given = thread.submit(os.getpriority, os.PRIO_PROCESS, 0).result()
    assert (given, os.getpriority(os.PRIO_PROCESS, 0)) == (19, ours)
