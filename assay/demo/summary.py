"""How the demo ends: the verdicts, the split over time, the requests, and where everything was written."""

from collections.abc import Iterator

from assay.demo.client_traffic import ClientTraffic
from assay.demo.story import Story
from promotion.report import Fact, TrafficSample, write_report


def finish(story: Story, traffic: ClientTraffic) -> Iterator[str]:
    """Write the report; the summary's lines."""
    report = story.directory / "report.html"
    rate = len(traffic.requests) / max(traffic.requests[-1].at_seconds, 1.0) if traffic.requests else 0.0
    write_report(
        report,
        "From labelled data to a gated promotion",
        story.chapters,
        facts=[
            Fact("requests served", f"{len(traffic.requests):,}"),
            Fact("requests failed", f"{len(traffic.failed)}"),
            Fact("requests a second", f"{rate:.0f}"),
            *(Fact(chapter.heading.partition(",")[0], str(chapter.evidence.verdict)) for chapter in story.chapters),
        ],
        traffic=[TrafficSample(request.at_seconds, request.revision) for request in traffic.requests],
        marks={mark.name: mark.at_seconds for mark in story.marks},
    )
    yield "\n== Summary"
    for chapter in story.chapters:
        yield f"{chapter.heading:<30} {chapter.evidence.verdict:<13} {chapter.rollout.state if chapter.rollout else ''}"
    yield ""
    yield "split over time                asked  observed  requests"
    for chapter in story.chapters:
        for step in chapter.rollout.observations if chapter.rollout else ():
            answered = step.counts.stable + step.counts.canary
            name = chapter.heading.partition(",")[0]
            yield f"  {name:<27} {step.asked_percent:>5} %  {step.observed_percent:>6.1f} %  {answered:>8}"
    yield ""
    yield f"requests served {len(traffic.requests)}, failed {len(traffic.failed)}"
    yield ""
    yield f"bundles   {story.directory / 'bundles'}"
    for number, chapter in enumerate(story.chapters, start=1):
        path = story.directory / "rollouts" / f"evidence-{number:04d}.json"
        yield f"evidence  {path}  ({chapter.heading})"
    yield f"report    {report}"
