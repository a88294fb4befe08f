"""A door in front of a predictor: it lets requests through, but for those that a test wants answered otherwise."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

import httpx

Answer = tuple[int, bytes]
HANG_UP: Answer = (0, b"")
"""Close the connection instead of answering."""
SECONDS_OF_SILENCE = 0.5
SECONDS_OF_PATIENCE = 20.0
SAY_NOTHING: Answer = (-1, b"")
"""Answer too late for a client with less patience than that."""


class Door(ThreadingHTTPServer):
    """What the predictor behind it says, but for the first requests: those get one of `answers` each, None lets pass.

    Afterwards `always`, where it is given.
    """

    daemon_threads = True

    def __init__(self, behind: str = "") -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.behind = behind
        self.answers: list[Answer | None] = []
        self.always: Answer | None = None
        self.headers: dict[str, str] = {}
        self.inferences_pass = Event()
        """Until it is set, an inference waits; `inference_waits` says that one does."""
        self.inferences_pass.set()
        self.inference_waits = Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def answer(self, method: str, path: str, body: bytes) -> Answer:
        if path.endswith("/infer") and not self.inferences_pass.is_set():
            self.inference_waits.set()
            self.inferences_pass.wait(SECONDS_OF_PATIENCE)
        given = self.answers.pop(0) if self.answers else self.always
        if given is not None:
            return given
        answer = httpx.request(method, self.behind + path, content=body, trust_env=False)
        return answer.status_code, answer.content


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Door

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        status, content = self.server.answer(self.command, self.path, body)
        if (status, content) == SAY_NOTHING:
            time.sleep(SECONDS_OF_SILENCE)
        if status < 100:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(status)
        for name, value in {**self.server.headers, "content-length": str(len(content))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing: the test says what went wrong."""


@contextmanager
def open_door(behind: str = "", kind: type[Door] = Door) -> Iterator[Door]:
    with kind(behind) as door:
        thread = Thread(target=door.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield door
        finally:
            door.shutdown()
            thread.join()
