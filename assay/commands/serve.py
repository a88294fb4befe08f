"""`assay serve`: a bundle behind the V2 protocol, over REST and gRPC, and /classify."""

from pathlib import Path
from typing import Annotated, Any

import typer


def serve(
    bundle: Annotated[Path, typer.Option(metavar="DIR", help="The bundle to serve; it is verified first.")],
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="The model's name; the bundle's own if left out.")
    ] = None,
    revision: Annotated[
        str | None, typer.Option(metavar="NAME", help="The revision's name; the bundle's short digest if left out.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.  [default: 127.0.0.1]")] = None,
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
    """Serve a bundle until SIGTERM or Ctrl-C, then finish what is in flight.

    Example: assay serve --bundle build/bundles/DIGEST --revision v1 --http-port 8001
    """
    from predictor.launch import serve as serve_bundle
    from predictor.settings import PredictorSettings

    given: dict[str, Any] = {
        "model": model,
        "revision": revision,
        "host": host,
        "http_port": http_port,
        "grpc_port": grpc_port,
        "drain_seconds": drain_seconds,
        "workers": workers,
    }
    settings = PredictorSettings(**{name: value for name, value in given.items() if value is not None})
    serve_bundle(settings, bundle)
