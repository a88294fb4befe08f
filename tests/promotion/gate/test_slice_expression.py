"""The language of slices: what it takes, and what a person is told of what it does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion.gate.slice_expression import (
    Aggregate,
    Arithmetic,
    Buckets,
    Column,
    Comparing,
    LabelsFile,
    Number,
    SliceExpression,
    SliceExpressionError,
    parse_slice,
)

AGE, PAID = Column("age"), Column("paid")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("age", AGE),
        ('"age in years, (rounded)"', Column("age in years, (rounded)", is_quoted=True)),
        ('region == "north east"', Comparing("==", Column("region"), Column("north east", is_quoted=True))),
        ("bucket(age, 4)", Buckets(AGE, 4)),
        ('labels("shops, north.txt")', LabelsFile("shops, north.txt")),
        ("age<30", Comparing("<", AGE, Number(30.0))),
        ("2.5e1 != paid", Comparing("!=", Number(25.0), PAID)),
        ("bucket(mean(*), 20)", Buckets(Aggregate("mean", (), ("",)), 20)),
        ('max(age, pixel*, "p x"*) > 1', Comparing(">", Aggregate("max", ("age",), ("pixel", "p x")), Number(1.0))),
        ("mean > 1", Comparing(">", Column("mean"), Number(1.0))),
        ("bucket == 1", Comparing("==", Column("bucket"), Number(1.0))),
        (
            "age - 1 - 2 * paid >= -(1 + paid)",
            Comparing(
                ">=",
                Arithmetic("-", Arithmetic("-", AGE, Number(1.0)), Arithmetic("*", Number(2.0), PAID)),
                Arithmetic("-", Number(0.0), Arithmetic("+", Number(1.0), PAID)),
            ),
        ),
    ],
)
def test_an_expression_is_what_it_says(text: str, expected: SliceExpression) -> None:
    assert parse_slice(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "character 1: found the end, expected a column"),
        ("age + 1", "character 8: found the end, expected one of < <= > >= == !=, or bucket"),
        ("bucket(age)", "character 11: found ')', expected ','"),
        ("bucket(age, 1)", "character 13: found 1, expected 2 to 20 buckets"),
        ("bucket(age, 2.5)", "character 13: found 2.5, expected 2 to 20 buckets"),
        ("bucket(age, 4) > 1", "character 16: found '>', expected the end"),
        ("1 < age < 2", "character 9: found '<', expected the end"),
        ("labels(shops.txt)", "character 8: found 'shops.txt', expected a path in double quotes"),
        ("age < 'x'", "character 7: found \"'x'\", expected a column"),
        ("(age < 1", "character 6: found '<', expected ')'"),
        ("mean() > 1", "character 6: found ')', expected a column"),
        ("mean(age + 1) > 1", "character 10: found '+', expected ')'"),
        ('__import__("os") > 1', "character 11: found '(', expected the end"),
        ("a.b().c > 1", "character 6: found '.c > 1', expected a column"),
        ("age ** 2 > 1", "character 6: found '*', expected a column"),
        ("(" * 30 + "age" + ")" * 30 + " > 1", "character 21: found '(', expected at most 20 levels"),
        ("-" * 30 + "age > 1", "character 21: found '-', expected at most 20 levels"),
        ("age > " + "1" * 500, "506 characters, expected at most 500"),
    ],
)
def test_what_is_no_expression_is_named_with_its_place(text: str, message: str) -> None:
    with pytest.raises(SliceExpressionError) as caught:
        parse_slice(text)
    assert str(caught.value).startswith(message)


@given(st.text(alphabet="ab1.*(),<>=!+-/\" 'bucket", max_size=600) | st.text())
def test_any_text_is_an_expression_or_an_error_of_one_line(text: str) -> None:
    said = ""
    try:
        parse_slice(text)
    except SliceExpressionError as error:
        said = str(error)
    assert len(said.splitlines()) <= 1
