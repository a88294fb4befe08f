"""A window under its guardrails: no data is never a pass, harm is seen at once, and looks have their price."""

from dataclasses import replace

from promotion.gate.policy import Guardrail, GuardrailPolicy
from promotion.guardrails.findings import GuardrailState
from promotion.guardrails.served_requests import ServedPair
from promotion.guardrails.watch import Guardrails, GuardrailWatch, LiveWindow
from tests.promotion.guardrails.counted import SaidCounts, served

POLICY = GuardrailPolicy()


def watch_of(*sources: SaidCounts, policy: GuardrailPolicy = POLICY) -> GuardrailWatch:
    return Guardrails(sources, policy).open_window()


def states(watch: GuardrailWatch) -> set[GuardrailState]:
    return {one.state for one in watch.findings}


def test_without_requests_of_the_canary_nothing_passes() -> None:
    source = SaidCounts()
    watch = watch_of(source)
    source.pair = ServedPair(served(1000), served(4))
    watch.look(is_ready=True)
    assert states(watch) == {GuardrailState.NO_DATA}
    assert len(watch.missing) == len(POLICY.watched)
    assert not watch.is_broken


def test_with_them_it_passes() -> None:
    source = SaidCounts()
    watch = watch_of(source)
    source.pair = ServedPair(served(95), served(5))
    watch.look(is_ready=True)
    assert watch.missing == ()
    assert watch.to_windows() == (LiveWindow("gateway", ServedPair(served(95), served(5))),)


def test_what_was_counted_before_the_window_takes_no_part() -> None:
    source = SaidCounts()
    source.pair = ServedPair(served(1000), served(1000, 900))
    watch = watch_of(source)
    source.pair = ServedPair(served(1100), served(1100, 900))
    watch.look()
    assert not watch.is_broken
    assert watch.findings[0].canary == 0.0


def test_a_source_that_cannot_be_asked_is_no_pass_and_says_why() -> None:
    source = SaidCounts()
    watch = watch_of(source)
    source.pair = None
    watch.look(is_ready=True)
    assert {one.text for one in watch.missing} == {"nobody answers"}


def test_a_source_that_is_lost_later_takes_its_findings_with_it() -> None:
    source = SaidCounts()
    watch = watch_of(source)
    source.pair = ServedPair(served(95), served(50))
    watch.look()
    assert watch.missing == ()
    source.pair = None
    watch.look(is_ready=True)
    assert watch.missing != ()


def test_counters_that_are_started_anew_count_from_there() -> None:
    source = SaidCounts()
    source.pair = ServedPair(served(1000), served(1000))
    watch = watch_of(source)
    source.pair = ServedPair(served(3), served(50, 50))
    watch.look(is_ready=True)
    assert states(watch) == {GuardrailState.NO_DATA}
    source.pair = ServedPair(served(103), served(150, 50))
    watch.look(is_ready=True)
    assert (watch.missing, watch.is_broken) == ((), False)


def test_of_sources_that_disagree_each_is_shown_and_the_strictest_decides() -> None:
    gateway, revisions = SaidCounts("gateway"), SaidCounts("revisions")
    watch = watch_of(gateway, revisions)
    gateway.pair = ServedPair(served(900), served(100, 40))
    revisions.pair = ServedPair(served(900), served(100))
    watch.look()
    assert watch.is_broken
    errors = [one for one in watch.findings if one.guardrail is Guardrail.ERRORS]
    assert [(one.source, one.canary) for one in errors] == [("gateway", 0.4), ("revisions", 0.0)]


def test_between_two_looks_new_requests_change_nothing() -> None:
    source = SaidCounts()
    watch = watch_of(source)
    source.pair = ServedPair(served(1000), served(100))
    watch.look()
    seen = watch.findings
    source.pair = ServedPair(served(1040), served(149))
    watch.look()
    assert watch.findings == seen
    source.pair = ServedPair(served(1050), served(150))
    watch.look()
    assert watch.findings != seen


def test_a_step_that_could_pass_is_looked_at_once_more() -> None:
    source = SaidCounts()
    watch = watch_of(source)
    source.pair = ServedPair(served(1000), served(100))
    watch.look()
    source.pair = ServedPair(served(1000), served(120, 20))
    watch.look(is_ready=True)
    assert watch.is_broken


def test_each_look_makes_the_next_one_stricter() -> None:
    source = SaidCounts()
    watch = watch_of(source)
    bounds = []
    for times in range(1, 6):
        source.pair = ServedPair(served(10**times), served(10**times))
        watch.look()
        bounds.append(watch.findings[0].excess_at_most)
    fresh_source = SaidCounts()
    fresh = watch_of(fresh_source)
    fresh_source.pair = source.pair
    fresh.look()
    first, fifth = fresh.findings[0].excess_at_most, bounds[-1]
    assert first is not None
    assert fifth is not None
    assert first < fifth


def test_where_all_goes_to_the_canary_stable_is_what_it_was_a_step_before() -> None:
    source = SaidCounts()
    reference = [LiveWindow("gateway", ServedPair(served(500), served(500)))]
    watch = Guardrails([source], POLICY).open_window(reference)
    source.pair = ServedPair(served(0), served(200, slow=150))
    watch.look()
    assert watch.is_broken
    assert watch.findings[0].stable_requests == 500


def test_without_a_stable_before_errors_are_judged_alone_and_latency_is_not() -> None:
    source = SaidCounts()
    watch = Guardrails([source], POLICY).open_window([])
    source.pair = ServedPair(served(0), served(200, slow=150))
    watch.look(is_ready=True)
    assert [one.state for one in watch.findings][1:] == [GuardrailState.NOT_COMPARED] * 3
    assert (watch.missing, watch.is_broken) == ((), False)


def test_a_policy_can_want_errors_shown_to_be_within_the_margin() -> None:
    source = SaidCounts()
    watch = watch_of(source, policy=replace(POLICY, errors_are_shown=True))
    source.pair = ServedPair(served(95), served(5))
    watch.look(is_ready=True)
    assert [one.state for one in watch.missing] == [GuardrailState.OPEN]
    source.pair = ServedPair(served(5000), served(5000))
    watch.look(is_ready=True)
    assert watch.missing == ()


def test_where_nothing_is_watched_no_source_is_asked() -> None:
    source = SaidCounts()
    watch = watch_of(source, policy=GuardrailPolicy(watched=()))
    watch.look(is_ready=True)
    assert (watch.findings, watch.missing, source.reads) == ((), (), 0)
