import pytest

from access.request_rates import RequestRates


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time, in seconds: its one element."""
    now = [100.0]
    monkeypatch.setattr("access.request_rates.time.monotonic", lambda: now[0])
    return now


def test_a_caller_has_a_seconds_worth_at_once_and_then_waits_as_long_as_it_is_told(clock: list[float]) -> None:
    rates = RequestRates(4.0)
    assert [rates.take("a") for _ in range(5)] == [0, 0, 0, 0, 0.25]
    clock[0] += 0.24
    assert rates.take("a") == pytest.approx(0.01)
    clock[0] += 0.02
    assert rates.take("a") == 0
    assert rates.take("b") == 0
    clock[0] += 3600
    assert [rates.take("a") for _ in range(5)].count(0) == 4  # what is not used is not saved up


def test_less_than_one_a_second_is_one_now_and_then(clock: list[float]) -> None:
    rates = RequestRates(0.1)
    assert [rates.take("a") for _ in range(2)] == [0, 10]
    clock[0] += 10
    assert rates.take("a") == 0


def test_what_begins_anew_is_counted_once(clock: list[float]) -> None:
    rates = RequestRates(1.0)
    assert rates.take("a") == 0
    rates.give_back("a")
    assert rates.take("a") == 0
    assert rates.take("a") == 1


def test_callers_that_are_many_do_not_fill_the_memory(clock: list[float]) -> None:
    rates = RequestRates(1.0)
    for number in range(20_000):
        assert rates.take(f"caller {number}") == 0
    assert len(rates._buckets) <= 4096
