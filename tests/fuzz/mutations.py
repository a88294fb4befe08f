"""Samples with something changed: bits, numbers, parts left out, repeated, taken from another sample, nested.

Drawn by hypothesis, so that what breaks a parser is made smaller until nothing of it can be left out.
"""

from copy import deepcopy
from typing import Any, Literal

import orjson
from hypothesis import strategies as st

from tests.fuzz.parser import Parser

_LONGEST = 2**18
_SIZES = (1, 2, 4, 8)
_BITS = (0, 1, 7, 8, 15, 16, 31, 32, 63, 64)
_NUMBERS = (
    *(b"0", b"-0", b"-1", b"1.0", b"1e999", b"-1e-400", b"1_000", b"NaN", b"Infinity", b"0x10", "١".encode()),
    *(str(number).encode() for bits in _BITS for number in (2**bits - 1, 2**bits, -(2**bits))),
    *(b"9" * 400, b"7" * 5000, b"0." + b"3" * 400),
)
_WORDS = (
    *(b"", b"\0", b"\n", b"\r", b"\r\n", b"\t", b" ", b'"', b"'", b",", b";", b":", b"/", b"..", b"../", b"\\", b"="),
    *(b"{", b"}", b"[", b"]", b"null", b"true", b"{}", b"[]", b'""', b'"\\u0000"', b'"\\n"', b'"\\ud800"', b"&", b"*"),
    *(b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", "\x85".encode(), "\u2028".encode(), "é".encode()),
)
_OPENINGS = (b"[", b'{"a":', b"(", b"- ", b"{", b"<", b"-", b"[[1],", b'"')
_TIMES = (2, 3, 17, 400, 3000)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 0.5, 1e308, 2**31, 2**53 + 1, 2**63, 2**64 - 1, -(2**63), 5e-324),
    *("", "\0", "a\nb", "a\r\nb\u2028c", "x" * 3000, "é", "\U0001f600", "1", "-1", "nan", "sha256:" + "0" * 64, "../x"),
    *([], {}, [[]], [None], [0] * 300, {"": 0}, {"a\nb": 1}, {"x" * 3000: []}, ["\n"]),
    *("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59", "2026-02-30", "1e5"),
)
_NAMES = ("", "a\nb", "x" * 3000, "\0", "format", "é")


def inputs_of(parser: Parser) -> st.SearchStrategy[bytes]:
    """Inputs for a parser."""
    changed = _changed(parser)
    ways = [changed, changed, changed]
    if parser.repair is not None:
        ways += [changed.map(parser.repair)] * 3
    ways.append(st.binary(max_size=64))
    return st.one_of(*ways)


@st.composite
def _changed(draw: st.DrawFn, parser: Parser) -> bytes:
    content = draw(st.sampled_from(list(parser.samples)))
    if parser.is_json and draw(st.booleans()):
        content = _changed_document(draw, content)
        if draw(st.integers(0, 3)):
            return content
    for _ in range(draw(st.integers(0, 5))):
        content = draw(st.sampled_from(_CHANGES))(draw, content, parser)[:_LONGEST]
    return content


def _place(draw: st.DrawFn, content: bytes) -> int:
    return draw(st.integers(0, len(content)))


def _part(draw: st.DrawFn, content: bytes) -> tuple[int, int]:
    """A short part more often than a long one."""
    begin = _place(draw, content)
    size = draw(st.sampled_from((1, 1, 2, 4, 8, 32, 512, len(content))))
    return begin, min(begin + size, len(content))


def _flip(draw: st.DrawFn, content: bytes, parser: Parser) -> bytes:
    if not content:
        return content
    place = draw(st.integers(0, len(content) - 1))
    return content[:place] + bytes([content[place] ^ 1 << draw(st.integers(0, 7))]) + content[place + 1 :]


def _cut_off(draw: st.DrawFn, content: bytes, parser: Parser) -> bytes:
    return content[: _place(draw, content)]


def _leave_out(draw: st.DrawFn, content: bytes, parser: Parser) -> bytes:
    begin, end = _part(draw, content)
    return content[:begin] + content[end:]


def _repeat(draw: st.DrawFn, content: bytes, parser: Parser) -> bytes:
    begin, end = _part(draw, content)
    return content[:begin] + (content[begin:end] * draw(st.sampled_from(_TIMES)))[:_LONGEST] + content[end:]


def _splice(draw: st.DrawFn, content: bytes, parser: Parser) -> bytes:
    other = draw(st.sampled_from(list(parser.samples)))
    begin, end = _part(draw, other)
    place = _place(draw, content)
    return content[:place] + other[begin:end] + content[place + draw(st.sampled_from((0, end - begin))) :]


def _extreme_size(draw: st.DrawFn, content: bytes, parser: Parser) -> bytes:
    """A number as many forms have it in a field of fixed size."""
    size, bits = draw(st.sampled_from(_SIZES)), draw(st.sampled_from(_BITS))
    number = (2**bits - draw(st.integers(0, 1))) % 2 ** (8 * size)
    place = _place(draw, content)
    order: Literal["little", "big"] = draw(st.sampled_from(("little", "big")))
    written: bytes = content[:place] + number.to_bytes(size, order) + content[place + size :]
    return written


def _extreme_number(draw: st.DrawFn, content: bytes, parser: Parser) -> bytes:
    """Another number in the place of the digits that follow somewhere."""
    begin = _place(draw, content)
    while begin < len(content) and not content[begin : begin + 1].isdigit():
        begin += 1
    end = begin
    while content[end : end + 1].isdigit():
        end += 1
    return content[:begin] + draw(st.sampled_from(_NUMBERS)) + content[end:]


def _put_word(draw: st.DrawFn, content: bytes, parser: Parser) -> bytes:
    begin, end = _part(draw, content) if draw(st.booleans()) else (_place(draw, content),) * 2
    return content[:begin] + draw(st.sampled_from((*_WORDS, *parser.words, *parser.words))) + content[end:]


def _nest(draw: st.DrawFn, content: bytes, parser: Parser) -> bytes:
    place = _place(draw, content)
    return content[:place] + draw(st.sampled_from(_OPENINGS)) * draw(st.sampled_from(_TIMES)) + content[place:]


_CHANGES = (
    *(_flip, _cut_off, _leave_out, _repeat, _splice, _extreme_size, _extreme_number, _put_word, _put_word, _nest),
)


def _changed_document(draw: st.DrawFn, content: bytes) -> bytes:
    """The JSON document with another value somewhere, without one, or with another name; as it is where it is none."""
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError:
        return content
    for _ in range(draw(st.integers(1, 3))):
        _change_within(draw, document)
    return orjson.dumps(document)


def _change_within(draw: st.DrawFn, within: Any) -> None:
    while isinstance(within, dict | list) and within:
        keys: list[Any] = list(within) if isinstance(within, dict) else list(range(len(within)))
        key = draw(st.sampled_from(keys))
        if isinstance(within[key], dict | list) and within[key] and draw(st.integers(0, 3)):
            within = within[key]
            continue
        how = draw(st.sampled_from(("value", "value", "none", "name", "twice")))
        if how == "value":
            within[key] = deepcopy(draw(st.sampled_from(_VALUES)))
        elif how == "none":
            del within[key]
        elif isinstance(within, dict):
            within[draw(st.sampled_from(_NAMES))] = deepcopy(within[key])
        else:
            within.insert(key, deepcopy(within[key]))
        return
