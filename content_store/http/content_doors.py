"""The doors of one kind of content. There is none that changes or deletes."""

from collections.abc import Callable, Iterator

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from content_store.content_name import ContentName, Kind
from content_store.http.uploads import Uploads
from content_store.metrics import StoreMetrics
from content_store.store_directory import StoreDirectory

_MEDIA_TYPES = {Kind.BUNDLE: "application/x-tar", Kind.HOLDOUT: "text/csv; charset=utf-8"}


def content_doors(
    kind: Kind, store: StoreDirectory, uploads: Uploads, metrics: StoreMetrics, report: Callable[[str], None]
) -> list[Route]:
    """The doors; `report` is told of what was stored."""

    async def put(request: Request) -> Response:
        """Keep the content: 201, or 200 where it is there already."""
        content = ContentName(kind, request.path_params["digest"])
        is_new = await uploads.take(content, request)
        if is_new:
            report(f"stored {content}")
        return json_answer({"digest": content.digest}, 201 if is_new else 200)

    async def get(request: Request) -> Response:
        """The content, the same bytes each time."""
        content = ContentName(kind, request.path_params["digest"])
        stream = await run_in_threadpool(store.stream, content)
        headers = {
            "content-type": _MEDIA_TYPES[kind],
            "content-length": str(stream.size_bytes),
            "etag": f'"{content.digest}"',
            "cache-control": "public, max-age=31536000, immutable",
        }
        if request.method == "HEAD":
            return Response(headers=headers)
        return StreamingResponse(counted(stream.chunks), headers=headers)

    async def list_all(_: Request) -> Response:
        """The digests of all that is there."""
        return json_answer({"digests": await run_in_threadpool(store.digests, kind)})

    def counted(chunks: Iterator[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            metrics.count_sent(kind, len(chunk))
            yield chunk

    path = f"/{kind.collection}"
    return [
        Route(path, list_all, methods=["GET"]),
        Route(f"{path}/{{digest}}", put, methods=["PUT"]),
        Route(f"{path}/{{digest}}", get, methods=["GET"]),
    ]


def json_answer(document: object, status: int = 200) -> Response:
    """A JSON document."""
    return Response(orjson.dumps(document), status, media_type="application/json")
