"""What comes from a model, from data or from a person is shown, and is never HTML."""

from datetime import UTC, datetime

import pytest

from console.page.asked_input import AskedInput, read_input
from console.page.asked_predictor import Answer, AskedModel
from console.page.fragments import render
from console.page.wording import breakable, change, metric, points
from records.prediction_search import PredictionFound

HOSTILE = "</td><script>alert('1')</script>"
SHOWN = "&lt;/td&gt;&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt;"


def test_a_models_labels_and_names_are_escaped() -> None:
    model = AskedModel(HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, (), {}, (HOSTILE,), None)
    answer = Answer(HOSTILE, None, ((HOSTILE, 1.0),), HOSTILE, HOSTILE, HOSTILE, HOSTILE, 1.0)
    bars = [{"label": HOSTILE, "share": 1.0, "width": "100.00", "is_best": True}]
    shown = render("model.html", model=model) + render("answer.html", answer=answer, model=model, seen="", bars=bars)
    assert "<script" not in shown
    assert SHOWN in shown


def test_a_prediction_and_what_was_asked_are_escaped() -> None:
    found = PredictionFound(
        *(datetime(2026, 11, 30, tzinfo=UTC), "key", 0, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),
        *("rest", HOSTILE, 0.1, HOSTILE, 0.5, None, HOSTILE),
    )
    asked = read_input({HOSTILE: [HOSTILE, 1.5]}, None)
    assert asked == AskedInput(values=((f"{HOSTILE} 1", HOSTILE), (f"{HOSTILE} 2", "1.5")))
    shown = render("prediction.html", one=found, asked=asked)
    assert "<script" not in shown
    assert shown.count(SHOWN) > 8


def test_an_error_is_escaped_and_so_is_a_name_that_may_be_broken() -> None:
    assert "<script" not in render("away.html", text=HOSTILE, next_step=HOSTILE)
    assert breakable("a.<b>_c") == "a.<wbr>&lt;b&gt;_<wbr>c"


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        (points(-0.0215), "−2.1"),
        (points(0.05), "+5.0"),
        (points(-0.0001), "+0.0"),
        (metric(0.92), "0.9200"),
        (metric(-12345.6), "−12,346"),
        (change(0.00125), "+0.0013"),
    ],
)
def test_numbers_have_as_many_places_each_time(said: str, wanted: str) -> None:
    assert said == wanted
