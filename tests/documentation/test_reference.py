"""docs/reference is what the program says, and nothing that people use is without a word."""

import ast
import re

import pytest
from pydantic import Field

from assay.cli import _COMMANDS
from documentation.__main__ import PLACE, outdated
from documentation.markdown import NotDocumented
from documentation.reference import commands, settings
from documentation.source import ROOMS, ROOT, errors_among, read_classes
from predictor.settings import PredictorSettings


def page(name: str) -> str:
    return (PLACE / name).read_text(encoding="utf-8")


@pytest.mark.slow
def test_every_page_is_current() -> None:
    assert outdated(PLACE) == [], "next: make reference-docs"


def test_every_class_of_settings_is_on_the_page() -> None:
    written = {one.name for one in read_classes() if one.name.endswith("Settings")}
    assert written == {kind.__name__ for kind, _, _ in settings.SETTINGS}


def test_the_environment_is_read_by_settings_alone() -> None:
    """A variable that is read elsewhere would be documented nowhere."""
    reads = re.compile(r"os\.environ\.get|os\.environ\[|os\.getenv")
    found = [path for room in ROOMS for path in (ROOT / room).rglob("*.py") if reads.search(path.read_text())]
    assert [str(path.relative_to(ROOT)) for path in found if path.name != "settings.py"] == []


def test_every_metric_that_is_named_in_the_code_is_on_the_page() -> None:
    names: set[str] = set()
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"Counter", "Gauge", "Histogram"}:
                    names |= {str(one.value) for one in node.args[:1] if isinstance(one, ast.Constant)}
    assert len(names) > 15
    assert {name for name in names if name.startswith("assay_") and f"| `{name}" not in page("metrics.md")} == set()


def test_every_exception_of_the_rooms_is_on_the_page() -> None:
    errors = errors_among(list(read_classes()))
    assert len(errors) > 100
    for one in errors:
        assert f"| `{one.name}` | " in page("errors.md"), one


def test_every_command_and_target_is_on_its_page() -> None:
    written = set(re.findall(r"^##+ `assay ([a-z- ]+)`", page("commands.md"), re.MULTILINE))
    assert {*_COMMANDS, "rollout status", "db create", "store fetch"} <= written
    phony = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for target in " ".join(phony).split():
        assert f"| `make {target}` | " in page("make.md"), target


def test_what_says_nothing_of_itself_stops_the_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    class Silent(PredictorSettings):
        louder: int = Field(1)

    monkeypatch.setattr(settings, "SETTINGS", ((Silent, "ASSAY_", "## A predictor\n"),))
    with pytest.raises(NotDocumented, match=r"the setting ASSAY_LOUDER .* is not documented"):
        settings.page()
    monkeypatch.setattr(commands, "get_docs_for_click", lambda **_: "**Usage**:\n\n* `--louder`\n")
    with pytest.raises(NotDocumented, match="--louder has no help"):
        commands.page()
