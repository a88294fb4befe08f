"""`python -m predictor.kserve_adapter --bundle DIR [--model_name NAME] [KServe's own options]`: the stock ModelServer.

With --fast our fast doors stand before it; with --ray_replicas the model is in replicas on Ray Serve behind it.

KServe parses `sys.argv` while it is imported and passes over what it does not know. So our own options are taken out
of it first, and KServe's parser is asked once more afterwards, which refuses what neither of us knows.
"""

import argparse
import os
import sys
from pathlib import Path

from access.errors import AccessError
from access.reach import check_reach
from bundle import BundleError, read_bundle
from predictor.errors import PredictorError, SettingsError
from predictor.settings import PredictorSettings


def main() -> int:
    """The exit code: 0 after a signal, 1 when the bundle could not be served."""
    arguments, for_kserve = _own_options().parse_known_args()
    sys.argv = [sys.argv[0], *for_kserve]

    from kserve.model_server import parser  # noqa: PLC0415  # parses sys.argv: not before now

    parser.parse_args(for_kserve)
    try:
        settings = _settings()
        manifest = read_bundle(arguments.bundle).manifest
        name = arguments.model_name or manifest.model
        if arguments.ray_replicas:
            _serve_with_ray(name, arguments, settings)
        else:
            _serve(name, arguments, settings)
    except (AccessError, BundleError, PredictorError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _settings() -> PredictorSettings:
    """Raises NotWithoutKeys and SettingsError: KServe's server listens on every address, and asks for no key."""
    settings = PredictorSettings()
    if settings.keys_file:
        found = f"ASSAY_KEYS_FILE={settings.keys_file}, but KServe's server asks for no key"
        raise SettingsError(f"{found}; expected ASSAY_WITHOUT_KEYS=true and a gateway that does, or `assay serve`")
    check_reach("0.0.0.0", has_keys=False, without_keys=settings.without_keys, variable="ASSAY_WITHOUT_KEYS")  # noqa: S104
    return settings


def _own_options() -> argparse.ArgumentParser:
    own = argparse.ArgumentParser(prog="python -m predictor.kserve_adapter", allow_abbrev=False)
    own.add_argument("--bundle", type=Path, required=True, help="directory of the bundle")
    own.add_argument("--model_name", help="name to serve under; else the manifest's")
    way = own.add_mutually_exclusive_group()
    way.add_argument("--fast", action="store_true", help="inference over REST passes KServe's application by")
    way.add_argument("--ray_replicas", type=_number, metavar="N", help="serve by N replicas on Ray Serve")
    own.add_argument("--ray_cpus", type=float, default=1.0, help="of each replica")
    own.add_argument("--ray_address", help="of a Ray cluster; else one is started on this machine")
    return own


def _number(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _serve(name: str, arguments: argparse.Namespace, settings: PredictorSettings) -> None:
    from kserve.model_server import ModelServer  # noqa: PLC0415  # see main

    from predictor.kserve_adapter.fast_server import FastConnections, FastModelServer  # noqa: PLC0415
    from predictor.kserve_adapter.model import AssayModel  # noqa: PLC0415

    model = AssayModel(name, arguments.bundle, settings)
    model.load()
    server = FastModelServer(FastConnections(model, settings)) if arguments.fast else ModelServer()
    server.start([model])


def _serve_with_ray(name: str, arguments: argparse.Namespace, settings: PredictorSettings) -> None:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # Ray tells its makers otherwise
    from kserve.model_server import ModelServer  # noqa: PLC0415  # see main

    from predictor.kserve_adapter.ray_replicas import replicated  # noqa: PLC0415

    with replicated(
        name,
        arguments.bundle.resolve(),
        settings,
        replicas=arguments.ray_replicas,
        cpus=arguments.ray_cpus,
        address=arguments.ray_address,
    ) as model:
        ModelServer().start([model])


if __name__ == "__main__":
    sys.exit(main())
