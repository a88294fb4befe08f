"""The doors put together into one ASGI application."""

from collections.abc import Callable

from prometheus_client import CONTENT_TYPE_LATEST
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from content_store.content_name import Kind
from content_store.http.content_doors import content_doors, json_answer
from content_store.http.error_answers import ERROR_ANSWERS
from content_store.http.request_count import RequestCount
from content_store.http.uploads import Uploads
from content_store.limits import Limits
from content_store.metrics import StoreMetrics
from content_store.store_directory import StoreDirectory


def create_app(
    store: StoreDirectory, metrics: StoreMetrics, limits: Limits, report: Callable[[str], None]
) -> Starlette:
    """The application of one store."""

    async def live(_: Request) -> Response:
        """The process answers."""
        return json_answer({"live": True})

    async def ready(_: Request) -> Response:
        """The directory can be read."""
        await run_in_threadpool(store.free_bytes)  # raises when the volume is gone; a full disk is still read from
        return json_answer({"ready": True})

    async def metrics_text(_: Request) -> Response:
        """What is counted, in Prometheus' text format."""
        return Response(await run_in_threadpool(metrics.exposition), media_type=CONTENT_TYPE_LATEST)

    uploads = Uploads(store, limits, metrics)
    doors = [route for kind in Kind for route in content_doors(kind, store, uploads, metrics, report)]
    about = [
        Route("/health/live", live, methods=["GET"]),
        Route("/health/ready", ready, methods=["GET"]),
        Route("/metrics", metrics_text, methods=["GET"]),
    ]
    app = Starlette(
        routes=[*doors, *about],
        exception_handlers=ERROR_ANSWERS,
        middleware=[Middleware(RequestCount, metrics=metrics)],
    )
    app.router.redirect_slashes = False
    return app
