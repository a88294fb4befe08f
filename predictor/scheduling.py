"""How the kernel shares a core among the threads of the serving process.

An inference thread that finishes an answer wakes the one that sends it. As a rule Linux runs the woken thread at once;
that one then waits for the interpreter's lock, which is still held: two switches for nothing, for every answer. Under
SCHED_BATCH (sched(7)) whoever works goes on until it waits or its slice, of a few milliseconds, is over.
"""

import os
from contextlib import suppress


def let_threads_finish() -> None:
    """Have this thread and all that it starts scheduled so; nothing changes where that is forbidden."""
    if hasattr(os, "sched_setscheduler"):  # Linux
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def let_all_others_first() -> None:
    """Have this thread run when its core has nothing else to do, or nearly so: for good, as nobody may take it back.

    Where that is forbidden, or not known, it is at least the last one.
    """
    if hasattr(os, "sched_setscheduler"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
            return
    os.nice(19)
