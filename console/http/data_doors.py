"""Doors of the data set and of holdouts."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from console.data_parts import DataPart
from console.holdouts import Holdout
from console.http.bodies import NOBODY, AddedData, ByHeader, HoldoutAnswer
from console.http.error_answers import errors_of
from console.http.uploads import UploadedFiles, file_name
from console.services import Services
from console.uploads import read_labelled_file
from console.uploads.labelled_file import unpack_table

NameQuery = Annotated[
    str | None, Query(max_length=500, description="what the file is called; for people", examples=["monday.csv"])
]
_FILE = {"schema": {"type": "string", "format": "binary"}}
_TABLE = {"schema": {"type": "string"}, "example": "label,pixel1,pixel2\n7,0,128\n1,255,0\n"}
_TABLES = {"text/csv": _TABLE, "application/gzip": _FILE, "application/vnd.apache.parquet": _FILE}
TABLE_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": _TABLES}}
DATA_BODY: dict[str, Any] = {"requestBody": {"required": True, "content": {**_TABLES, "application/zip": _FILE}}}


def data_doors(services: Services, uploads: UploadedFiles) -> APIRouter:
    """PUT /add_data, GET /data, and the holdouts that it is kept apart from."""
    router = APIRouter(tags=["data"])

    @router.put(
        "/add_data",
        responses={201: {"model": AddedData, "description": "a new part"}, **errors_of(400, 408, 409, 413, 422)},
        openapi_extra=DATA_BODY,
    )
    async def add_data(
        request: Request, response: Response, name: NameQuery = None, by: ByHeader = NOBODY
    ) -> AddedData:
        """Add labelled rows: a CSV, plain or gzipped, a Parquet file, or a zip of PNG or JPEG images with labels.csv.

        labels.csv has the columns file and label.

        Rows that are there already are left out; a row of the pinned holdout, whatever its label, refuses the file.
        Sent again, the same file is the same part.
        """
        async with uploads.receive(request) as path:

            def add() -> tuple[DataPart, bool]:
                like = services.data.columns()
                rows = read_labelled_file(path, file_name(name, "data"), services.upload_limits, like, path.parent)
                return services.data.add(rows, by)

            part, is_new = await run_in_threadpool(add)
        response.status_code = 201 if is_new else 200
        return AddedData(part=part, is_new=is_new)

    @router.get("/data")
    def list_data() -> list[DataPart]:
        """The parts of the data set, oldest first."""
        return list(services.data.look())

    @router.get("/holdouts")
    def list_holdouts() -> list[HoldoutAnswer]:
        """The holdouts, and which of them is pinned."""
        return [_answer(one) for one in services.holdouts.look()]

    @router.post(
        "/holdouts",
        responses={201: {"model": HoldoutAnswer, "description": "a new holdout"}, **errors_of(400, 408, 409, 413, 422)},
        openapi_extra=TABLE_BODY,
    )
    async def add_holdout(request: Request, response: Response, name: NameQuery = None) -> HoldoutAnswer:
        """Add a holdout: a CSV, plain or gzipped, or a Parquet file. The first one is pinned. Sent again, it is one."""
        async with uploads.receive(request) as path:

            def add() -> tuple[Holdout, bool]:
                called = file_name(name, "holdout")
                table = unpack_table(path, path.with_suffix(".csv"), services.upload_limits.memory_bytes, called)
                return services.holdouts.add(table, called, services.data.refuse_known_rows)

            holdout, is_new = await run_in_threadpool(add)
        response.status_code = 201 if is_new else 200
        return _answer(holdout)

    @router.post("/holdouts/{digest}/pin", responses=errors_of(400, 404, 422))
    def pin_holdout(digest: str) -> HoldoutAnswer:
        """Measure on this holdout from now on; refused where a row of it stands in a data part."""
        return _answer(services.holdouts.pin(digest, services.data.refuse_known_rows))

    return router


def _answer(holdout: Holdout) -> HoldoutAnswer:
    return HoldoutAnswer(digest=holdout.digest, is_pinned=holdout.is_pinned)
