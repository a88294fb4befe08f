"""A body that becomes content: a few at a time, written as they come, verified one at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from content_store.content_name import ContentName
from content_store.errors import ContentTooLarge, StoreBusy, UploadStalled
from content_store.limits import Limits
from content_store.metrics import StoreMetrics
from content_store.store_directory import StoreDirectory


class Uploads:
    """Takes uploads into one store. Disk and digests are waited for in threads: health is answered meanwhile."""

    def __init__(self, store: StoreDirectory, limits: Limits, metrics: StoreMetrics) -> None:
        self._store = store
        self._limits = limits
        self._metrics = metrics
        self._under_way = 0
        self._verifying = asyncio.Lock()

    async def take(self, content: ContentName, request: Request) -> bool:
        """Store the body of `request`; False when the content was there already, and then the body is not looked at.

        Raises ContentError, and starlette's ClientDisconnect when the client goes away meanwhile.
        """
        limit_bytes = self._limits.content_bytes
        if int(request.headers.get("content-length", 0)) > limit_bytes:
            raise ContentTooLarge(f"{content}: expected at most {limit_bytes} bytes")
        if self._store.has(content):
            return False
        async with self._slot():
            with self._store.begin(content, limit_bytes=limit_bytes) as draft:
                async for chunk in self._read(request):
                    self._metrics.count_received(content.kind, len(chunk))
                    await asyncio.to_thread(draft.write, chunk)
                async with self._verifying:
                    return await asyncio.to_thread(self._store.publish, draft)

    @asynccontextmanager
    async def _slot(self) -> AsyncIterator[None]:
        if self._under_way == self._limits.uploads:
            raise StoreBusy(f"{self._limits.uploads} uploads are under way; try again soon")
        self._under_way += 1
        try:
            yield
        finally:
            self._under_way -= 1

    async def _read(self, request: Request) -> AsyncIterator[bytes]:
        chunks = request.stream()
        seconds = self._limits.idle_seconds
        while True:
            try:
                yield await asyncio.wait_for(anext(chunks), seconds)
            except StopAsyncIteration:
                return
            except TimeoutError as error:
                raise UploadStalled(f"nothing came for {seconds:g} s") from error
