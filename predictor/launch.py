"""One process, or several: what a program calls to serve. What is not needed for that is not imported."""

from pathlib import Path

from access.reach import check_reach
from predictor.settings import PredictorSettings


def serve(settings: PredictorSettings, bundle_path: Path | None) -> int:
    """Serve the bundle at `bundle_path`, or else the directory of models that is set, until a signal ends the process.

    The exit code, 0, when all is answered. Raises SettingsError, BundleError, CannotListen, ModelNotUsable,
    WorkerFailed; NotWithoutKeys where other machines would reach a server that asks for no key, and KeysNotUsable.
    """
    has_keys = settings.keys_file is not None
    check_reach(settings.host, has_keys=has_keys, without_keys=settings.without_keys, variable="ASSAY_WITHOUT_KEYS")
    if settings.workers > 1:
        from predictor.workers.supervisor import supervise  # noqa: PLC0415  # a single process has no supervisor

        return supervise(settings, bundle_path)
    from predictor.server import serve_alone  # noqa: PLC0415  # a supervisor has no engine, and none of its memory

    return serve_alone(settings, bundle_path)
