"""Doors of bundles; and both kinds of content by digest, so that `assay store push` and `fetch` work with a console."""

from collections.abc import Callable

from fastapi import APIRouter, Request, Response
from prometheus_client import CollectorRegistry
from starlette.concurrency import run_in_threadpool
from starlette.routing import BaseRoute

from console.bundles import StoredBundle
from console.http.bodies import BundleAnswer
from console.http.error_answers import errors_of
from console.http.uploads import UploadedFiles
from console.services import Services
from content_store.content_name import Kind
from content_store.http.content_doors import content_doors
from content_store.http.uploads import Uploads
from content_store.limits import Limits
from content_store.metrics import StoreMetrics

_TAR = {"application/x-tar": {"schema": {"type": "string", "format": "binary"}}}


def bundle_doors(services: Services, uploads: UploadedFiles) -> APIRouter:
    """GET and POST /bundles."""
    router = APIRouter(tags=["bundles"])

    @router.get("/bundles")
    def list_bundles() -> list[BundleAnswer]:
        """The bundles, by model and version."""
        return [_answer(one) for one in services.bundles.look()]

    @router.post(
        "/bundles",
        responses={201: {"model": BundleAnswer, "description": "a new bundle"}, **errors_of(400, 408, 409, 413)},
        openapi_extra={"requestBody": {"required": True, "content": _TAR}},
    )
    async def add_bundle(request: Request, response: Response) -> BundleAnswer:
        """Add a bundle, as the tar that GET /bundles/{digest} gives. Sent again, it is the same one."""
        async with uploads.receive(request) as path:
            bundle, is_new = await run_in_threadpool(services.bundles.add, path)
        response.status_code = 201 if is_new else 200
        return _answer(bundle)

    return router


def doors_by_digest(services: Services, limits: Limits, report: Callable[[str], None]) -> list[BaseRoute]:
    """GET, HEAD and PUT /bundles/{digest} and /holdouts/{digest}: the content store's own doors."""
    store = services.bundles.store
    metrics = StoreMetrics(store, CollectorRegistry())
    uploads = Uploads(store, limits, metrics)
    doors = (door for kind in Kind for door in content_doors(kind, store, uploads, metrics, report))
    return [door for door in doors if "{digest}" in door.path]


def _answer(bundle: StoredBundle) -> BundleAnswer:
    manifest = bundle.manifest
    return BundleAnswer(
        digest=bundle.digest,
        model=manifest.model,
        version=manifest.version,
        task=manifest.task,
        experiment_id=manifest.lineage.experiment_id if manifest.lineage else None,
        metrics=manifest.metrics,
    )
