"""`python -m predictor.kserve_adapter --bundle DIR [--model_name NAME] [KServe's own options]`: the stock ModelServer.

KServe parses `sys.argv` while it is imported and passes over what it does not know. So our own options are taken out
of it first, and KServe's parser is asked once more afterwards, which refuses what neither of us knows.
"""

import argparse
import sys
from pathlib import Path

from bundle import BundleError, read_bundle
from predictor.errors import PredictorError
from predictor.settings import PredictorSettings


def main() -> int:
    """The exit code: 0 after a signal, 1 when the bundle could not be served."""
    own = argparse.ArgumentParser(prog="python -m predictor.kserve_adapter", allow_abbrev=False)
    own.add_argument("--bundle", type=Path, required=True, help="directory of the bundle")
    own.add_argument("--model_name", help="name to serve under; else the manifest's")
    arguments, for_kserve = own.parse_known_args()
    sys.argv = [sys.argv[0], *for_kserve]

    from kserve.model_server import ModelServer, parser  # noqa: PLC0415  # parses sys.argv: not before now

    from predictor.kserve_adapter.model import AssayModel  # noqa: PLC0415  # imports KServe, too

    parser.parse_args(for_kserve)
    try:
        name = arguments.model_name or read_bundle(arguments.bundle).manifest.model
        model = AssayModel(name, arguments.bundle, PredictorSettings())
        model.load()
    except (BundleError, PredictorError) as error:
        print(error, file=sys.stderr)
        return 1
    ModelServer().start([model])
    return 0


if __name__ == "__main__":
    sys.exit(main())
