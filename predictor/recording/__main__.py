"""The delivery process: `python -m predictor.recording`, as delivery_process.py starts it.

It ends when its standard input does and what is left is delivered or refused: with the serving process, whichever way
that ends. Signals are the serving process's.
"""

import argparse
import os
import shutil
import signal
import sys
from contextlib import closing
from pathlib import Path

from predictor.log_lines import start_log
from predictor.recording.delivery import Delivery
from predictor.recording.record_sink import RecordSink
from predictor.recording.spool_folder import delivering_alone
from predictor.recording.spool_reader import SpoolReader


def main() -> int:
    """The exit code: 0 when there was no more to do."""
    given = _parse_arguments()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    start_log(given.log_level)
    parent = os.getppid()
    spool: Path = given.spool
    with delivering_alone(spool), closing(_create_sink(given)) as sink:
        reader = SpoolReader(spool)
        urgent = given.spool_bytes // 2
        Delivery(reader, sink, record_bytes=given.record_bytes, urgent_bytes=urgent).run(sys.stdin.fileno())
        reader.remove_delivered()
    if given.is_temporary and os.getppid() != parent:  # who made it was killed
        shutil.rmtree(spool, ignore_errors=True)
    return 0


def _create_sink(given: argparse.Namespace) -> RecordSink:
    """One of the two, without what the other one needs."""
    if given.jsonl is None:
        from predictor.recording.database_sink import DatabaseSink  # noqa: PLC0415  # 30 MB that files do not need
        from records.settings import DatabaseSettings  # noqa: PLC0415

        return DatabaseSink(lambda: DatabaseSettings.read().database_url())
    from predictor.recording.json_lines_sink import JsonLinesSink  # noqa: PLC0415

    return JsonLinesSink(given.jsonl, disk_bytes=given.disk_bytes)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m predictor.recording", description=__doc__)
    parser.add_argument("--spool", type=Path, required=True, help="folder of the spool")
    parser.add_argument("--spool-bytes", type=int, required=True, help="that it may have")
    parser.add_argument("--is-temporary", action="store_true", help="nobody comes back to it")
    parser.add_argument("--record-bytes", type=int, required=True, help="of one prediction")
    parser.add_argument("--log-level", default="info", help="the least that is logged")
    parser.add_argument("--jsonl", type=Path, help="folder of JSON lines; left out, the database of ASSAY_DATABASE_URL")
    parser.add_argument("--disk-bytes", type=int, default=2**30, help="of the files in there")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
