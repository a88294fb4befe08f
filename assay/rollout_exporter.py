"""The newest rollout's gauges over HTTP, read anew for every scrape: /metrics, and /health for who keeps it alive."""

from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from promotion.rollout.metrics import rollout_metrics
from promotion.rollout.record import RolloutRecord
from promotion.rollout.rollout_store import RolloutError

_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_HEALTH = frozenset({"/health", "/health/live", "/health/ready"})


class RolloutExporter(ThreadingHTTPServer):
    """Listens on `host`:`port` (0: any free one) from the start; `serve_forever` answers."""

    daemon_threads = True

    def __init__(self, host: str, port: int, read_newest: Callable[[], RolloutRecord | None]) -> None:
        super().__init__((host, port), _Door)
        self.read_newest = read_newest

    @property
    def address(self) -> str:
        """`host:port`, as bound."""
        host, port = self.server_address[:2]
        return f"{host!s}:{port}"


class _Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 30  # a connection that says nothing does not hold its thread
    server: RolloutExporter

    def do_GET(self) -> None:
        """Answer a scrape or a probe."""
        path = self.path.partition("?")[0]
        if path in _HEALTH:
            self._answer(200, b"ok\n")
        elif path == "/metrics":
            try:
                self._answer(200, rollout_metrics(self.server.read_newest()))
            except RolloutError as error:
                self._answer(503, f"{error}\n".encode())
        else:
            self._answer(404, b"no such path; there are /metrics and /health\n")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        """Nothing: a scrape every few seconds is no news."""

    def _answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", _TEXT)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
