"""`assay serve`: a bundle, or a directory of models, behind the V2 protocol, over REST and gRPC, and /classify."""

from pathlib import Path
from typing import Annotated, Any

import typer


def serve(
    bundle: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The bundle to serve; it is verified first.")
    ] = None,
    models: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Serve each DIR/<name>/<version> instead: a bundle or model.onnx."),
    ] = None,
    model_control: Annotated[
        bool | None,
        typer.Option(
            "--model-control/--no-model-control",
            help="Let whoever reaches the server load, unload and register models.  [default: no]",
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="The model's name; the bundle's own if left out.")
    ] = None,
    revision: Annotated[
        str | None, typer.Option(metavar="NAME", help="The revision's name; the bundle's short digest if left out.")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address to listen on; without keys a loopback one.  [default: 127.0.0.1]")
    ] = None,
    http_port: Annotated[int | None, typer.Option(min=1, max=65535, help="Port for HTTP.  [default: 8000]")] = None,
    grpc_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Port for gRPC; without it there is no gRPC.")
    ] = None,
    drain_seconds: Annotated[
        float | None, typer.Option(min=0, help="How long answers go on after SIGTERM.  [default: 5]")
    ] = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=256, help="Processes that share the ports.  [default: 1]")
    ] = None,
) -> None:
    """Serve a bundle, or a directory of models, until SIGTERM or Ctrl-C, then finish what is in flight.

    Example: assay serve --bundle build/bundles/DIGEST --revision v1 --http-port 8001
    """
    from predictor.launch import serve as serve_models
    from predictor.settings import PredictorSettings

    if bundle and models:
        raise typer.BadParameter("expected one of --bundle and --models")
    given: dict[str, Any] = {
        "models_dir": models,
        "model_control": model_control,
        "model": model,
        "revision": revision,
        "host": host,
        "http_port": http_port,
        "grpc_port": grpc_port,
        "drain_seconds": drain_seconds,
        "workers": workers,
    }
    settings = PredictorSettings(**{name: value for name, value in given.items() if value is not None})
    serve_models(settings, bundle)
