"""The doors put together into one ASGI application."""

from collections.abc import Callable, Collection
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from access.browser import BrowserHeaders
from access.description import with_keys
from access.doorkeeper import Doorkeeper
from console.http.about_doors import about_doors
from console.http.admission import Admission
from console.http.body_limit import BodyLimit
from console.http.bundle_doors import bundle_doors, doors_by_digest
from console.http.data_doors import data_doors
from console.http.deployment_doors import deployment_doors
from console.http.door_scopes import DOOR_SCOPES
from console.http.error_answers import add_error_answers
from console.http.experiment_doors import experiment_doors
from console.http.feedback_doors import feedback_doors
from console.http.inference_doors import INFERENCE_SCOPES, inference_doors
from console.http.job_doors import job_doors
from console.http.request_count import RequestCount
from console.http.same_origin import SameOrigin
from console.http.sessions import Sessions
from console.http.sign_in import sign_in_doors
from console.http.uploads import UploadedFiles
from console.metrics import ConsoleMetrics
from console.services import Services
from content_store.limits import Limits

_DESCRIPTION = (
    "An Assay console: add data, train, deploy through the gate, give true labels back. A caller may name itself in "
    'the header `X-Assay-By`. Every error is `{"error": "..."}`.'
)


def create_app(
    services: Services,
    metrics: ConsoleMetrics,
    uploads: UploadedFiles,
    store_limits: Limits,
    doorkeeper: Doorkeeper,
    *,
    version: str,
    hosts: Collection[str],
    has_inference: bool = False,
    find_problem: Callable[[], str],
    report: Callable[[str], None],
    slow_seconds: float,
    trace_of_this: Callable[[], str | None],
) -> FastAPI:
    """The application; `hosts` are the names that it answers to (none: any), `report` is told of content that comes.

    With `has_inference` it passes the predictors' doors on to the gateway.
    """
    app: FastAPI = FastAPIOffline(
        docs_url="/docs",
        redoc_url=None,
        title="Assay console",
        version=version,
        description=_DESCRIPTION,
        redirect_slashes=False,
    )
    app.include_router(data_doors(services, uploads))
    app.include_router(experiment_doors(services))
    app.include_router(deployment_doors(services))
    app.include_router(feedback_doors(services))
    app.include_router(bundle_doors(services, uploads))
    app.include_router(job_doors(services))
    app.include_router(about_doors(services, metrics, find_problem))
    app.router.routes.extend(doors_by_digest(services, store_limits, report))
    door_scopes = DOOR_SCOPES
    if has_inference:
        app.router.routes.extend(inference_doors(services.deployments.gateway_url))
        door_scopes = DOOR_SCOPES.joined(INFERENCE_SCOPES)
    sessions = Sessions(doorkeeper)
    app.include_router(sign_in_doors(doorkeeper, sessions))
    add_error_answers(app)
    describe, is_asking = app.openapi, doorkeeper.is_asking

    def describe_all() -> dict[str, Any]:
        return with_keys(describe(), is_asking=is_asking)

    app.openapi = describe_all  # type: ignore[method-assign]  # FastAPI's way to add to it
    app.add_middleware(BodyLimit)
    app.add_middleware(Admission, doorkeeper=doorkeeper, sessions=sessions, door_scopes=door_scopes)
    app.add_middleware(SameOrigin, hosts=hosts)
    app.add_middleware(RequestCount, metrics=metrics, slow_seconds=slow_seconds, trace_of_this=trace_of_this)
    app.add_middleware(BrowserHeaders, own_pages=frozenset({"/docs"}))
    return app
