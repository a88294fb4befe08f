"""Puts the page into the console's application."""

from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import FastAPI
from nicegui import ui
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp

from console.page.data_view import show_data
from console.page.experiments_view import show_experiments
from console.page.fragments import Fragment
from console.page.frame import frame
from console.page.predictions_view import show_predictions
from console.page.rollout_view import show_rollout
from console.page.script_policy import ScriptPolicy, use_nonces
from console.page.try_view import show_try
from console.services import Services

PATH = "/page"
_FAVICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><rect width='32' height='32' rx='6' fill='#1f4e8c'/>"
    "<path d='M6 23 16 8l10 15' fill='none' stroke='#fff' stroke-width='3.2'/>"
    "<path d='M11 19h10' stroke='#f0a04b' stroke-width='3.2'/></svg>"
)


def _show_later(show: Callable[[], Awaitable[None]]) -> None:
    """Say that something comes, and let `show` make its elements here once the browser is connected.

    So a page is there at once, whatever it has to read: NiceGUI gives up on one that is not built within seconds.
    """
    with ui.element("div"):
        waiting = Fragment()
        waiting.show("loading.html", text="Reading…")

        async def begin() -> None:
            waiting.remove()
            await show()

        ui.timer(0, begin, once=True)


def _pack_quickly(app: ASGIApp) -> GZipMiddleware:
    """The last per cent of a megabyte of scripts are not worth a quarter of a second of the console's time."""
    return GZipMiddleware(app, minimum_size=1000, compresslevel=1)


def add_page(app: FastAPI, services: Services) -> None:
    """Serve the page under PATH, where / leads. NiceGUI keeps its routes for the whole process: it has one page."""

    @app.get("/", include_in_schema=False)
    @app.get(PATH, include_in_schema=False)
    def lead_to_page() -> RedirectResponse:
        return RedirectResponse(f"{PATH}/")

    @ui.page("/", title="Try · Assay")
    def try_model(request: Request) -> None:
        with frame(request, "Try"):
            _show_later(partial(show_try, services.deployments, services.credentials))

    @ui.page("/rollout", title="Rollout · Assay")
    def rollout(request: Request) -> None:
        with frame(request, "Rollout"):
            _show_later(partial(show_rollout, services.rollouts, request.query_params.get("id")))

    @ui.page("/experiments", title="Experiments · Assay")
    def experiments(request: Request) -> None:
        with frame(request, "Experiments"):
            _show_later(partial(show_experiments, services, request.query_params.getlist("compare")))

    @ui.page("/data", title="Data · Assay")
    def data(request: Request) -> None:
        with frame(request, "Data"):
            _show_later(partial(show_data, services, request.query_params.get("part")))

    @ui.page("/predictions", title="Predictions · Assay")
    def predictions(request: Request) -> None:
        with frame(request, "Predictions"):
            _show_later(partial(show_predictions, services, request.query_params))

    use_nonces()
    app.add_middleware(ScriptPolicy, path=PATH)
    ui.run_with(
        app,
        mount_path=PATH,
        title="Assay",
        favicon=_FAVICON,
        dark=None,
        language="en-US",
        tailwind=False,
        show_welcome_message=False,
        gzip_middleware_factory=_pack_quickly,
        reconnect_timeout=30.0,
    )
