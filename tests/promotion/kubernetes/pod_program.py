"""What a revision's pod runs in these tests: the doors of a predictor, as far as a rollout asks, by its own name.

It is mounted into the pod, and wants nothing but Python of the image. `python3 pod_program.py v2` says the class that
column v2 of a row names (tests/promotion/evidence/columns.py), runs the bundle of digest `222...`, and refuses an empty
body as a predictor does. After SIGTERM it goes on answering for some seconds; /die ends it at once.
"""

import asyncio
import json
import os
import signal
import sys

COLUMNS = ("v1", "v2", "v3", "nobody")
CLASSES = ("a", "b", "c", "d")
DRAIN_SECONDS = 4.0
FAIL = b"fail"


class Pod:
    def __init__(self, name: str) -> None:
        self._name = name
        self._digest = f"sha256:{name[-1] * 64}"
        self._ending = asyncio.Event()

    async def run(self) -> None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self._ending.set)
        server = await asyncio.start_server(self._serve, "0.0.0.0", 8000)  # noqa: S104 - the pod's own network
        await self._ending.wait()
        await asyncio.sleep(DRAIN_SECONDS)
        server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                body = await reader.readexactly(_content_length(head))
                status, answer = self._answer(head.split(" ")[1], body)
                lines = [f"HTTP/1.1 {status} Said", f"content-length: {len(answer)}", f"x-assay-revision: {self._name}"]
                writer.write("\r\n".join([*lines, "", ""]).encode() + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    def _answer(self, path: str, body: bytes) -> tuple[int, bytes]:
        if path == "/die":
            os._exit(1)
        if path == "/metadata":
            return 200, json.dumps(self._metadata()).encode()
        if path.startswith("/v2/models/columns/infer") and len(body) > 2:
            return 200, json.dumps(self._infer(json.loads(body))).encode()
        if path == "/classify" and not body:
            return 400, b'{"error": "the body is empty"}'
        if body == FAIL:
            return 500, b'{"error": "as asked"}'
        return 200, self._name.encode()

    def _metadata(self) -> dict[str, object]:
        named = {"model": "columns", "version": 1, "revision": self._name}
        return {**named, "bundle_digest": self._digest, "classes": CLASSES}

    def _infer(self, request: dict[str, list[dict[str, list[float]]]]) -> dict[str, object]:
        column, width = COLUMNS.index(self._name), len(COLUMNS)
        labels = [int(value) % len(CLASSES) for value in request["inputs"][0]["data"][column::width]]
        output = {"name": "label", "datatype": "INT64", "shape": [len(labels)], "data": labels}
        return {"model_name": "columns", "parameters": {"bundle_digest": self._digest}, "outputs": [output]}


def _content_length(head: str) -> int:
    for line in head.split("\r\n"):
        name, _, value = line.partition(":")
        if name.lower() == "content-length":
            return int(value)
    return 0


if __name__ == "__main__":
    asyncio.run(Pod(sys.argv[1]).run())
