"""One worker, from its exec to its end: `python -m predictor.workers.worker`, as the supervisor starts it.

It gets two open files, the socket that it listens on and its channel, and everything else over the channel. An error
that a person can act on goes back that way: the supervisor is the one who says it.
"""

import socket
import sys
from pathlib import Path

import uvloop

from access.errors import AccessError
from bundle import BundleError
from predictor.errors import PredictorError
from predictor.log_lines import start_log
from predictor.model_copies import ModelCopies
from predictor.scheduling import let_threads_finish
from predictor.server import Signals, run
from predictor.settings import PredictorSettings
from predictor.wiring import create_source
from predictor.workers.channel import Channel
from predictor.workers.crew import OneOfSeveral
from predictor.workers.model_set import read_models


async def _work(listening: socket.socket, end: socket.socket) -> int:
    channel = await Channel.over(end)
    begin = await channel.receive()
    if begin is None:
        return 1
    try:
        copies = ModelCopies(Path(begin["copies"])) if begin["copies"] else None
        models = None if begin["models"] is None else read_models(begin["models"])
        crew = OneOfSeveral(channel, is_first=begin["is_first"], copies=copies, models=models)
        settings = PredictorSettings(**begin["settings"])
        start_log(settings.log_level)
        began_with = copies.read(**begin["began_with"]) if copies and begin["began_with"] else None
        source = create_source(settings, Path(begin["bundle"]) if begin["bundle"] else None, began_with)
        await run(settings, source, listening, crew, Signals())
    except (AccessError, BundleError, PredictorError) as error:
        channel.send({"failed": str(error)})
        await channel.flush()
        return 1
    finally:
        channel.close()
    return 0


def main() -> int:
    """The exit code: 0 after a signal and a clean end, 1 when it could not serve."""
    start_log()
    let_threads_finish()
    listening, end = (socket.socket(fileno=int(number)) for number in sys.argv[1:])
    return uvloop.run(_work(listening, end))


if __name__ == "__main__":
    sys.exit(main())
