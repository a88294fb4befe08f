"""How the kernel is asked to share a core among the threads of a predictor."""

import os
import sys

import pytest

from tests.predictor.server_process import ServerProcess


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux has this kind of scheduling")
def test_whoever_works_is_not_interrupted_by_the_thread_that_it_wakes(server: ServerProcess) -> None:
    assert os.sched_getscheduler(server.process.pid) == os.SCHED_BATCH
    threads = [int(name) for name in os.listdir(f"/proc/{server.process.pid}/task")]
    assert [os.sched_getscheduler(thread) for thread in threads].count(os.SCHED_BATCH) > 1  # those that it starts, too
