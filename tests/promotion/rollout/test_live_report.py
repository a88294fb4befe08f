"""What was seen while traffic moved, on the page and on a terminal: each source for itself."""

import io
import re
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from assay.rollout_view import show_status
from promotion.gate.policy import GatePolicy, GuardrailPolicy
from promotion.guardrails.watch import Guardrails
from promotion.report import Chapter, write_report
from promotion.rollout.record import RolloutPlan, RolloutRecord, RolloutState, StopCode
from promotion.rollout.status import rollout_status
from tests.promotion.rollout.recorded_traffic import recorded
from tests.promotion.rollout.surroundings import Surroundings, judge_by
from tests.promotion.rollout.test_guardrails import CountedClients

PLAN = RolloutPlan((50, 100), maximum_failed_percent=100, shadow_requests=40, minimum_seconds=5)


def two_sources(around: Surroundings) -> tuple[CountedClients, CountedClients]:
    gateway, revisions = CountedClients(around.clients), CountedClients(around.clients, name="revisions")
    around.guardrails = Guardrails([gateway, revisions], GuardrailPolicy())
    return gateway, revisions


def page_of(around: Surroundings, record: RolloutRecord, tmp_path: Path) -> str:
    evidence = judge_by(around.revisions)(record)
    write_report(tmp_path / "page.html", "Rollout", [Chapter("rollout 1", evidence, record)])
    return re.sub(r"\s+", " ", (tmp_path / "page.html").read_text())


def row_of(page: str, source: str) -> str:
    start = f'<tr><td>the end</td><td class="text">errors</td><td class="text">{source}</td>'
    assert page.count(start) == 1
    return page.partition(start)[2].partition("</tr>")[0]


def terminal_of(around: Surroundings, record: RolloutRecord) -> str:
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(show_status(rollout_status(record, None, around.clock.now())))
    return console.export_text()


def test_sources_that_disagree_are_both_shown(around: Surroundings, tmp_path: Path) -> None:
    recorded(around, GatePolicy())
    _, revisions = two_sources(around)
    revisions.canary_fails = 0.5
    record = around.run(PLAN)
    assert record.code is StopCode.GUARDRAIL_BROKEN
    page, terminal = page_of(around, record, tmp_path), terminal_of(around, record)
    gateway_row, revisions_row = (row_of(page, source) for source in ("gateway", "revisions"))
    assert "<td>0.0%</td><td>0.0%</td>" in gateway_row
    assert "broken (the sources disagree)" in revisions_row
    assert "(the sources disagree)" in gateway_row
    assert "<td>50.0%</td>" in revisions_row
    assert "<code>GUARDRAIL_BROKEN</code>" in page
    assert re.search(r"errors +revisions .* broken, the sources disagree", terminal)
    assert re.search(r"errors +gateway .*, the sources disagree", terminal)


def test_sources_that_agree_say_nothing_of_it(around: Surroundings, tmp_path: Path) -> None:
    recorded(around, GatePolicy())
    two_sources(around)
    record = around.run(PLAN)
    assert record.state is RolloutState.PROMOTED, record.because
    page = page_of(around, record, tmp_path)
    assert "the sources disagree" not in page + terminal_of(around, record)
    assert page.count("<td>step 1, 50 %</td>") == page.count("<td>step 2, 100 %</td>") == 8


def test_labels_and_the_shadow_are_on_the_page_and_the_terminal(around: Surroundings, tmp_path: Path) -> None:
    traffic = recorded(around, GatePolicy())
    traffic.canary_says = lambda number: "wrong" if number % 10 == 0 else "right"
    record = around.run(PLAN)
    assert record.labels is not None
    assert record.shadow is not None
    page, terminal = page_of(around, record, tmp_path), terminal_of(around, record)
    assert f"Shadow: both answered {record.shadow.requests} mirrored requests, the same to " in page
    assert f"<td>canary</td><td>{record.labels.canary.labelled}</td><td>{record.labels.canary.wrong}</td>" in page
    assert "wrong by labels" in page
    assert f"shadow     both answered {record.shadow.requests} mirrored requests" in terminal
    assert (
        f"canary wrong in {record.labels.canary.wrong} of {record.labels.canary.labelled}, stable in 0 of " in terminal
    )


def test_a_shadow_under_way_says_what_it_waits_for(around: Surroundings) -> None:
    traffic, seen = recorded(around, GatePolicy()), list[str]()

    def look() -> None:
        traffic.record()
        kept = around.store.read_newest()
        if kept is not None and kept.state is RolloutState.SHADOWING and kept.shadow is not None:
            seen.append(terminal_of(around, kept))

    around.faults.always["read_revisions"] = look
    around.run(replace(PLAN, shadow_seconds=4.0))
    assert "shadowing: 0 % to the canary" in seen[0]
    assert re.search(
        r"time +[0-9]+ s of the shadow; waits for at least [0-9] s and [0-9]+ requests; goes back in 1[0-9]+ s", seen[0]
    )
