"""The delivery process as the serving process sees it: started, woken, started anew if it ends, and ended."""

import logging
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress

from predictor.log_lines import LOG

_LONGEST_PAUSE_SECONDS = 5.0
_STEADY_SECONDS = 60.0  # one that lived so long is replaced without a pause


class DeliveryProcess:
    """`python -m predictor.recording` with `arguments`. Used by one thread at a time."""

    def __init__(self, arguments: Sequence[str]) -> None:
        self._command = [sys.executable, "-m", "predictor.recording", *arguments]
        self._pause = 0.0
        self._ended: float | None = None
        self._start()

    def wake(self) -> None:
        """There is something to deliver."""
        if self._ended is None:  # or else it will look by itself as it starts
            with suppress(BlockingIOError, BrokenPipeError):  # it has not read the last ones yet, or is no more
                os.write(self._wakes, b".")

    def look_after(self) -> None:
        """Start it anew if it has ended, after a pause that grows."""
        code = self._process.poll()
        if code is None:
            return
        now = time.monotonic()
        if self._ended is None:
            self._ended = now
            is_steady = now - self._started > _STEADY_SECONDS
            self._pause = 0.0 if is_steady else min(2 * self._pause + 0.5, _LONGEST_PAUSE_SECONDS)
            os.close(self._wakes)
            logging.getLogger(LOG).error("the delivery of predictions ended with code %d and is started again", code)
        if now >= self._ended + self._pause:
            with suppress(OSError):  # the machine has no room for another process, and is asked again
                self._start()

    def end(self, timeout_seconds: float) -> None:
        """Let it deliver what is left, for so long at most. Can be repeated."""
        if self._ended is None:
            self._ended = time.monotonic()
            os.close(self._wakes)
        try:
            self._process.wait(max(timeout_seconds, 0))
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _start(self) -> None:
        read, wakes = os.pipe()
        try:
            # In a group of its own it does not hear the terminal's Ctrl-C; and who waits for the end of the serving
            # process's output does not wait for it.
            self._process = subprocess.Popen(self._command, stdin=read, stdout=subprocess.DEVNULL, process_group=0)
        except OSError:
            os.close(wakes)
            raise
        finally:
            os.close(read)
        os.set_blocking(wakes, False)
        self._wakes = wakes
        self._started = time.monotonic()
        self._ended = None
