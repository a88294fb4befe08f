"""What has to hold for every input: the value or a documented refusal, in bounded time and memory, and nothing outside.

Time is the processor's, so that a busy machine breaks no test. Memory is what the process holds at its peak. A file
that is opened to be written, made, linked or renamed is looked at as the interpreter does it, wherever it is.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from tests.fuzz.parser import Parser

PROCESSOR_SECONDS = 10.0
_MEMORY_TIMES = 100
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_OF_TWO_PATHS = frozenset({"os.link", "os.rename"})
_OF_A_FOLDER = frozenset({"os.mkdir", "os.remove", "os.rmdir"})
_OF_PATHS = _OF_TWO_PATHS | _OF_A_FOLDER | {"os.symlink", "os.truncate"}


class Fault(AssertionError):
    """A parser did not keep to what has to hold; the message says to what."""


class TookTooLong(BaseException):
    """No Exception, so that nothing on the way takes it for one of its own."""


class Bounds:
    """Holds parsers to what has to hold. They may write below `folder`, and nowhere else.

    An audit hook stays for as long as the process does; this one looks only while a parser is at work.
    """

    def __init__(self, folder: Path, processor_seconds: float = PROCESSOR_SECONDS) -> None:
        self._seconds = processor_seconds
        self._folder = f"{folder.resolve()}{os.sep}"
        self._is_looking = False
        sys.addaudithook(self._look)

    def examine(self, parser: Parser, content: bytes) -> bool:
        """Give the parser an input; whether it took it. Raises Fault."""
        _reset_peak()
        before = _memory("VmRSS")
        refusal = self._read(parser, content)
        taken = _memory("VmHWM") - before
        if taken > (most := parser.memory_bytes + _MEMORY_TIMES * len(content)):
            raise Fault(f"took {taken} bytes of memory for an input of {len(content)}; expected at most {most}")
        if refusal is not None:
            _check_text(str(refusal), type(refusal).__name__, parser.message_bytes)
        return refusal is None

    def _read(self, parser: Parser, content: bytes) -> Exception | None:
        self._is_looking = True
        try:
            with _within(self._seconds):
                parser.read(content)
        except parser.refuses as error:
            return error
        except TookTooLong:
            raise Fault(f"took more than {self._seconds:g} s of the processor") from None
        except AssertionError:
            raise
        except Exception as error:
            known = ", ".join(kind.__name__ for kind in parser.refuses)
            raise Fault(f"{type(error).__name__}: {str(error)[:300]}; expected the value, or one of {known}") from error
        finally:
            self._is_looking = False
        return None

    def _look(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._is_looking or not (event in _OF_PATHS or event == "open"):
            return
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & _WRITING):
            return
        if event in _OF_A_FOLDER and arguments[-1] != -1:
            return  # counted from an open folder, as shutil.rmtree does
        for path in arguments[: 2 if event in _OF_TWO_PATHS else 1]:
            if isinstance(path, str | bytes | os.PathLike) and not self._is_within(os.fsdecode(path)):
                raise Fault(f"{event} of {path!r}; expected files in {self._folder} alone")

    def _is_within(self, path: str) -> bool:
        return os.path.normpath(os.path.join(os.getcwd(), path)).startswith(self._folder)


def _check_text(text: str, kind: str, most_bytes: int) -> None:
    if len(text.splitlines()) != 1:
        raise Fault(f"{kind} says {text[:300]!r}; expected one line")
    if (size := len(text.encode(errors="surrogatepass"))) > most_bytes:
        raise Fault(f"{kind} says {text[:300]!r}… in {size} bytes; expected at most {most_bytes}")


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    def interrupt(_signal: int, _frame: FrameType | None) -> None:
        raise TookTooLong

    before = signal.signal(signal.SIGPROF, interrupt)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def _reset_peak() -> None:
    Path("/proc/self/clear_refs").write_text("5")  # Linux: the peak begins anew


def _memory(which: str) -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition(f"{which}:")[2].split(maxsplit=1)[0]) * 1024
