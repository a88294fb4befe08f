"""LitServe with one worker."""

from typing import Any

import litserve

from benchmarks.servers.mlp import Mlp, ports


class Api(litserve.LitAPI):  # type: ignore[misc]  # LitServe is not installed where types are checked
    """The model."""

    def setup(self, device: str) -> None:
        """Load the model."""
        self.mlp = Mlp()

    def predict(self, x: dict[str, Any]) -> dict[str, Any]:
        """Answer a request."""
        (tensor,) = x["inputs"]
        return self.mlp.answer_v2(tensor["shape"], tensor["data"])


if __name__ == "__main__":
    server = litserve.LitServer(Api(api_path="/infer"), accelerator="cpu", workers_per_device=1)
    server.run(host="127.0.0.1", port=ports()[0], log_level="warning", generate_client_file=False)
