"""Flask under gunicorn, one worker of its default kind, which takes one connection at a time."""

from typing import Any

from flask import Flask, request
from gunicorn.app.base import BaseApplication

from benchmarks.servers.mlp import Mlp, ports

app = Flask(__name__)
mlp = Mlp()


@app.post("/infer")
def infer() -> dict[str, Any]:
    """Answer a request."""
    (tensor,) = request.get_json()["inputs"]
    return mlp.answer_v2(tensor["shape"], tensor["data"])


class _Gunicorn(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
    def load_config(self) -> None:
        self.cfg.set("bind", f"127.0.0.1:{ports()[0]}")
        self.cfg.set("workers", 1)
        self.cfg.set("loglevel", "warning")

    def load(self) -> Flask:
        return app


if __name__ == "__main__":
    _Gunicorn().run()
