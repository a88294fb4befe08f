"""Which of the requests that wait share a run: those for the same model, in order of arrival."""

from threading import Event
from typing import Any

from predictor.batches import Job
from predictor.inference_threads import InferenceThreads
from predictor.request_statistics import RequestStatistics
from predictor.request_trail import Trail
from tests.predictor.server_process import DEADLINE_SECONDS


class Gathering:
    """A worker that begins when it may, and takes whatever it is given."""

    def __init__(self) -> None:
        self.may_begin = Event()
        self.groups: list[list[Any]] = []

    def work_on(self, first: Job[Any], take_next: Any) -> None:
        self.may_begin.wait(DEADLINE_SECONDS)
        group = [first]
        while job := take_next(first.model):
            group.append(job)
        self.groups.append(group)
        for job in group:
            job.future.set_result(None)


def job_for(model: Any) -> Job[Any]:
    trail = Trail(transport="rest", method="POST", request_id="1", carrier={}, span=None)
    nothing: Any = None
    return Job(model, RequestStatistics(), read=nothing, is_waited_for=bool, trail=trail)


def test_a_thread_takes_what_waits_for_the_model_that_it_works_for_and_leaves_the_rest() -> None:
    worker: Any = Gathering()
    threads = InferenceThreads(worker, threads=1, limit=100)
    one, other, third = object(), object(), object()
    jobs = [job_for(model) for model in (one, other, one, third, other, one)]
    for job in jobs:
        threads.submit(job)
    worker.may_begin.set()
    for job in jobs:
        job.future.result(DEADLINE_SECONDS)
    a, b, c, d, e, f = jobs
    assert worker.groups == [[a, c, f], [b, e], [d]]
    assert threads.waiting() == 0
