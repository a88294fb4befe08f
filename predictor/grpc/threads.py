"""Which threads a method runs in.

grpcio runs a method in the server's threads, unless the method itself has an attribute that names others. It calls that
experimental; without it everything would still be answered, but health would wait behind inference.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


class run_in(Generic[P, R]):  # noqa: N801  # it is called as a function is, and is one but for an attribute
    """`method`, to be run in `threads`; in the server's where there are none."""

    def __init__(self, threads: ThreadPoolExecutor | None, method: Callable[P, R]) -> None:
        self.experimental_thread_pool = threads
        self._method = method

    def __call__(self, *args: P.args, **options: P.kwargs) -> R:
        """Call the method."""
        return self._method(*args, **options)
