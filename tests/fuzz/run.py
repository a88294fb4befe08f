"""A parser, for a number of inputs."""

from collections.abc import Callable
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, given, settings

from tests.fuzz.bounds import Bounds
from tests.fuzz.mutations import inputs_of
from tests.fuzz.parser import Parser


@dataclass(slots=True)
class Tried:
    """How far it is, and what came of it."""

    inputs: int = 0
    taken: int = 0
    """Those that the parser took: the others were refused in its own words."""
    last: bytes = b""
    """The newest input; after a fault the smallest that shows it."""


def try_samples(parser: Parser, bounds: Bounds, tried: Tried) -> None:
    """Every sample has to be taken or refused like anything else. Raises Fault."""
    for sample in parser.samples:
        _try(parser, bounds, sample, tried)


def try_inputs(
    parser: Parser, bounds: Bounds, most: int, tried: Tried, before: Callable[[bytes], None] | None = None
) -> None:
    """Give `parser` up to `most` inputs, each first to `before`. Raises Fault for the smallest that breaks it."""

    @settings(
        max_examples=most,
        deadline=None,
        database=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
        print_blob=False,
    )
    @given(inputs_of(parser))
    def run(content: bytes) -> None:
        if before is not None:
            before(content)
        _try(parser, bounds, content, tried)

    run()


def _try(parser: Parser, bounds: Bounds, content: bytes, tried: Tried) -> None:
    tried.last = content
    tried.inputs += 1
    tried.taken += bounds.examine(parser, content)
