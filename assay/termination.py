"""SIGTERM as an exception, for what has to decide upon it how it ends."""

import signal


class Terminated(SystemExit):
    """SIGTERM came; where nobody catches this, the process ends with 143."""

    def __init__(self) -> None:
        super().__init__(128 + signal.SIGTERM)


def raise_when_terminated() -> None:
    """From now on SIGTERM raises Terminated in the main thread."""
    signal.signal(signal.SIGTERM, _raise)


def _raise(_signal_number: int, _frame: object) -> None:
    raise Terminated
