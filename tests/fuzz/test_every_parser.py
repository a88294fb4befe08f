"""A few inputs of every parser that takes bytes from outside; `make fuzz` goes on from here."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import settings

from tests.fuzz.bounds import Bounds, Fault
from tests.fuzz.names import PARSERS
from tests.fuzz.parser import Parser
from tests.fuzz.parsers import all_parsers
from tests.fuzz.run import Tried, try_inputs, try_samples


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzz")


@pytest.fixture(scope="module")
def parsers(folder: Path) -> Mapping[str, Parser]:
    return all_parsers(folder)


@pytest.fixture(scope="module")
def bounds(folder: Path) -> Bounds:
    return Bounds(folder)


@pytest.mark.parametrize("name", PARSERS)
def test_any_bytes_are_the_value_or_a_documented_refusal(
    name: str, parsers: Mapping[str, Parser], bounds: Bounds
) -> None:
    tried = Tried()
    try:
        try_samples(parsers[name], bounds, tried)
        assert tried.taken, "no sample was taken: what is changed of them is refused at once"
        try_inputs(parsers[name], bounds, settings().max_examples // 2, tried)
    except Fault as fault:
        pytest.fail(f"{name}: {fault}; the input is {tried.last[:2000]!r}", pytrace=False)


def test_all_parsers_of_the_list_are_asked_for(parsers: Mapping[str, Parser]) -> None:
    assert tuple(parsers) == PARSERS


def _parser(read: object, folder: Path) -> Parser:
    return Parser("made-up", [b"1"], read, (KeyError,))  # type: ignore[arg-type]


def _hold(_content: bytes) -> None:
    bytearray(128 * 2**20)[::4096] = b"1" * (128 * 2**20 // 4096)


def _spin(_content: bytes) -> None:
    while True:
        pass


def _refuse_at_length(_content: bytes) -> None:
    raise KeyError("a" * 2000)


def _write_elsewhere(_content: bytes) -> None:
    Path("outside").write_bytes(b"")


def _link_elsewhere(_content: bytes) -> None:
    os.symlink("/etc", "outside")


def _raise_another(_content: bytes) -> None:
    raise ValueError("another")


def _disagree(_content: bytes) -> None:
    raise AssertionError("another value")


@pytest.mark.parametrize(
    ("read", "said"),
    [
        (_hold, "of memory for an input of 1"),
        (_spin, "took more than 0.2 s of the processor"),
        (_refuse_at_length, "expected at most 1000"),
        (_write_elsewhere, "open of 'outside'"),
        (_link_elsewhere, "os.symlink of"),
        (_raise_another, "ValueError: another; expected the value, or one of KeyError"),
        (_disagree, "another value"),
    ],
)
def test_what_has_to_hold_is_held_to(read: object, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "within").mkdir()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AssertionError, match=said):
        Bounds(tmp_path / "within", processor_seconds=0.2).examine(_parser(read, tmp_path), b"1")
    assert not (tmp_path / "outside").exists()
