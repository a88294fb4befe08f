"""Errors: what each server answers with, why rollouts and verdicts end as they do, and every exception of the rooms."""

from collections.abc import Iterable, Iterator

from console.http.error_answers import HTTP_STATUS as CONSOLE_STATUS
from content_store.http.error_answers import HTTP_STATUS as STORE_STATUS
from documentation.markdown import GENERATED, code, said, table
from documentation.source import ROOT, SourceClass, errors_among, member_texts, read_classes
from predictor.error_table import CODES, GONE_AWAY, INTERNAL
from promotion.gate.reasons import ReasonCode
from promotion.rollout.record import StopCode

_INTRODUCTION = """# Errors
Every server answers `{"error": "…"}` in one line: what was wrong, and what was expected. A command says the same on
standard error and exits with 1. What the texts of a predictor mean to a caller: [Serving](../serving.md#errors).
"""
_CODES = """## Codes for programs
A verdict has reasons of this closed set ([what to do](../gate.md#for-whoever-operates-it)):
"""
_STOPS = "And a rollout that goes back for another reason than its verdict has one of these:\n"
_EXCEPTIONS = """## Exceptions
By room. What is told to a caller, or ends a command, is one of these; anything else is a defect, and shows its
traceback.
"""


def page() -> str:
    """All of them."""
    errors = errors_among(list(read_classes()))
    texts = {(one.module, one.name): said(one.text, f"the error {one.module}.{one.name}") for one in errors}
    predictor = [*CODES.items(), (None, INTERNAL)]
    heads = ("HTTP", "gRPC", "error", "when")
    parts = [
        _INTRODUCTION,
        "## A predictor\n",
        table(heads, [_coded(kind, codes.http, codes.grpc, texts) for kind, codes in predictor]),
        f"A caller that did not wait is counted as {GONE_AWAY.http} or {GONE_AWAY.grpc}.\n",
        "## The store\n",
        table(("HTTP", "error", "when"), _answers(STORE_STATUS.items(), texts)),
        "## The console\nThe first that fits.\n",
        table(("HTTP", "error", "when"), _answers(CONSOLE_STATUS, texts)),
        _CODES,
        table(("reason", "what"), _members("promotion/gate/reasons.py", ReasonCode)),
        _STOPS,
        table(("code", "what"), _members("promotion/rollout/record.py", StopCode)),
        _EXCEPTIONS,
        *_rooms(errors, texts),
    ]
    return GENERATED + "\n".join(parts)


def _coded(
    kind: type[Exception] | None, http: int, grpc: str, texts: dict[tuple[str, str], str]
) -> tuple[str, str, str, str]:
    if kind is None:
        return str(http), grpc, "anything else", "The text is constant; the log has the rest under the request's id."
    return str(http), grpc, code(kind.__name__), texts[kind.__module__, kind.__name__]


def _answers(
    status: Iterable[tuple[type[Exception], int]], texts: dict[tuple[str, str], str]
) -> Iterator[tuple[str, str, str]]:
    for kind, answered in status:
        yield str(answered), code(kind.__name__), texts[kind.__module__, kind.__name__]
    yield "500", "anything else", "The text is constant; the log has the rest."


def _members(module: str, kind: type[ReasonCode] | type[StopCode]) -> Iterator[tuple[str, str]]:
    texts = member_texts(ROOT / module, kind.__name__)
    for member in kind:
        yield code(member.value), said(texts.get(member.name), f"{kind.__name__}.{member.name}")


def _rooms(errors: list[SourceClass], texts: dict[tuple[str, str], str]) -> Iterator[str]:
    for room in sorted({one.room for one in errors}):
        rows = [
            (code(one.name), ", ".join(map(code, one.bases)), texts[one.module, one.name], code(one.module))
            for one in errors
            if one.room == room
        ]
        yield f"### {room}\n\n{table(('exception', 'a kind of', 'what', 'where'), rows)}"
