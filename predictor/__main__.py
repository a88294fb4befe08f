"""`python -m predictor [BUNDLE]`: a predictor without the rest of Assay. Everything else is set by `ASSAY_` variables.

What a serving image runs: it needs neither the CLI nor what the CLI imports.
"""

import argparse
import sys
from pathlib import Path

from access.errors import AccessError
from bundle import BundleError
from predictor.errors import PredictorError
from predictor.launch import serve
from predictor.settings import PredictorSettings


def main() -> int:
    """The exit code: 0 after a signal and a clean end, 1 when it could not serve."""
    parser = argparse.ArgumentParser(prog="python -m predictor", description="Serve models over the V2 protocol.")
    parser.add_argument("bundle", type=Path, nargs="?", help="directory of a bundle; else ASSAY_MODELS_DIR is served")
    arguments = parser.parse_args()
    try:
        return serve(PredictorSettings(), arguments.bundle)
    except (AccessError, BundleError, PredictorError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
