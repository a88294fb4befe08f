"""The language of slices: what a `slices` entry of gate.yaml may say of a holdout's columns. Nothing is ever evaluated
as Python; this grammar is all there is.

    slice     = bucket "(" sum "," INTEGER ")"      groups of about equal size, by value
              | labels "(" TEXT ")"                 a file with a label a line, a line a row
              | sum COMPARISON sum                  two groups, yes and no
              | COLUMN ("==" | "!=") TEXT           the same, of a column of categories
              | COLUMN                              a group a value, or a category
    sum       = product { ("+" | "-") product }
    product   = factor { ("*" | "/") factor }
    factor    = NUMBER | "-" factor | "(" sum ")" | COLUMN | AGGREGATE "(" columns ")"
    columns   = "*" | one { "," one }               all columns, or some
    one       = COLUMN | NAME "*"                   one column, or those that begin so
    AGGREGATE = mean | sum | min | max              over the columns of a row
    COLUMN    = NAME | TEXT                         a column's name; in double quotes where it is no plain word

Beside a column of categories TEXT is a category and no column: only the table can tell, so the parser leaves it open.
"""

import re
from dataclasses import dataclass

_TOKEN = re.compile(
    r'\s*(?:(?P<number>\d+(?:\.\d*)?(?:[eE][+-]?\d+)?)|(?P<name>[^\W\d][\w.]*)|"(?P<text>[^"]*)"'
    r"|(?P<sign><=|>=|==|!=|[-+*/(),<>]))"
)
AGGREGATES = ("mean", "sum", "min", "max")
COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")
LONGEST, DEEPEST, MOST_BUCKETS = 500, 20, 20


class SliceExpressionError(ValueError):
    """A slice that the grammar does not have; the message says what was found where, and what is expected."""


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the holdout, or, in quotes and compared with a column of categories, a category."""

    name: str
    is_quoted: bool = False


@dataclass(frozen=True, slots=True)
class Aggregate:
    """Over some columns of a row: those named, and those whose name has one of the beginnings (`*` alone: all)."""

    function: str
    names: tuple[str, ...]
    beginnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left` `sign` `right`, a number a row."""

    sign: str
    left: "Value"
    right: "Value"


Value = Number | Column | Aggregate | Arithmetic


@dataclass(frozen=True, slots=True)
class Buckets:
    """Groups of about equal size, by value."""

    value: Value
    count: int


@dataclass(frozen=True, slots=True)
class Comparing:
    """Two groups of rows, by whether `left` `sign` `right`."""

    sign: str
    left: Value
    right: Value


@dataclass(frozen=True, slots=True)
class LabelsFile:
    """A label a row, from a file."""

    path: str


SliceExpression = Buckets | Comparing | LabelsFile | Column


def parse_slice(text: str) -> SliceExpression:
    """The expression that `text` says. Raises SliceExpressionError."""
    if len(text) > LONGEST:
        raise SliceExpressionError(f"{len(text)} characters, expected at most {LONGEST}")
    parser = _Parser(_tokens(text))
    expression = parser.read_slice()
    parser.expect_end()
    return expression


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    place: int


def _tokens(text: str) -> list[_Token]:
    tokens, place, end = [], 0, len(text.rstrip())
    while place < end:
        match = _TOKEN.match(text, place)
        if match is None or match.lastgroup is None:
            rest = text[place:].strip()
            where = text.index(rest, place) + 1
            raise SliceExpressionError(f"character {where}: found {rest[:20]!r}, expected a column, a number or a sign")
        tokens.append(_Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup) + 1))
        place = match.end()
    return [*tokens, _Token("end", "", end + 1)]


class _Parser:
    """One pass from left to right; each method reads the rule of the grammar that it is named after."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    def read_slice(self) -> SliceExpression:
        if self._takes_call("bucket"):
            return self._read_buckets()
        if self._takes_call("labels"):
            path = self._take("text", "a path in double quotes")
            self._take_sign(")")
            return LabelsFile(path)
        left = self._read_sum()
        sign = next((sign for sign in COMPARISONS if self._takes_sign(sign)), None)
        if sign is not None:
            return Comparing(sign, left, self._read_sum())
        if isinstance(left, Column):
            return left
        raise self._unexpected(f"one of {' '.join(COMPARISONS)}, or bucket(..., 4) around it")

    def expect_end(self) -> None:
        if self._next.kind != "end":
            raise self._unexpected("the end")

    def _read_buckets(self) -> Buckets:
        value = self._read_sum()
        self._take_sign(",")
        found = self._next
        count = self._take("number", "a number of buckets")
        if not count.isdecimal() or not 2 <= int(count) <= MOST_BUCKETS:
            raise SliceExpressionError(f"character {found.place}: found {count}, expected 2 to {MOST_BUCKETS} buckets")
        self._take_sign(")")
        return Buckets(value, int(count))

    def _read_sum(self) -> Value:
        value = self._read_product()
        while sign := next((sign for sign in "+-" if self._takes_sign(sign)), None):
            value = Arithmetic(sign, value, self._read_product())
        return value

    def _read_product(self) -> Value:
        value = self._read_factor()
        while sign := next((sign for sign in "*/" if self._takes_sign(sign)), None):
            value = Arithmetic(sign, value, self._read_factor())
        return value

    def _read_factor(self) -> Value:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self._unexpected(f"at most {DEEPEST} levels of brackets and signs")
        value = self._read_factor_at_this_depth()
        self._depth -= 1
        return value

    def _read_factor_at_this_depth(self) -> Value:
        if self._takes_sign("-"):
            return Arithmetic("-", Number(0.0), self._read_factor())
        if self._takes_sign("("):
            value = self._read_sum()
            self._take_sign(")")
            return value
        for function in AGGREGATES:
            if self._takes_call(function):
                return self._read_aggregate(function)
        if self._next.kind == "number":
            return Number(float(self._take("number", "a number")))
        is_quoted = self._next.kind == "text"
        return Column(self._take_column(), is_quoted)

    def _read_aggregate(self, function: str) -> Aggregate:
        names: list[str] = []
        beginnings: list[str] = []
        while True:
            if self._takes_sign("*"):
                beginnings.append("")
            else:
                name = self._take_column()
                (beginnings if self._takes_sign("*") else names).append(name)
            if not self._takes_sign(","):
                break
        self._take_sign(")")
        return Aggregate(function, tuple(names), tuple(beginnings))

    @property
    def _next(self) -> _Token:
        return self._tokens[self._place]

    def _takes_call(self, name: str) -> bool:
        here, after = self._next, self._tokens[min(self._place + 1, len(self._tokens) - 1)]
        if (here.kind, here.text) == ("name", name) and (after.kind, after.text) == ("sign", "("):
            self._place += 2
            return True
        return False

    def _takes_sign(self, sign: str) -> bool:
        if (self._next.kind, self._next.text) == ("sign", sign):
            self._place += 1
            return True
        return False

    def _take_sign(self, sign: str) -> None:
        if not self._takes_sign(sign):
            raise self._unexpected(f"{sign!r}")

    def _take_column(self) -> str:
        kind = "text" if self._next.kind == "text" else "name"
        return self._take(kind, "a column, a number or (")

    def _take(self, kind: str, expected: str) -> str:
        if self._next.kind != kind:
            raise self._unexpected(expected)
        self._place += 1
        return self._tokens[self._place - 1].text

    def _unexpected(self, expected: str) -> SliceExpressionError:
        found = repr(self._next.text) if self._next.kind != "end" else "the end"
        return SliceExpressionError(f"character {self._next.place}: found {found}, expected {expected}")
