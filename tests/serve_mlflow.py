"""MLflow's tracking server on any free port: python -m tests.serve_mlflow DIRECTORY; it prints its URL."""

import os
import sys
from pathlib import Path

from werkzeug.serving import make_server


def main() -> None:
    directory = Path(sys.argv[1])
    os.environ |= {  # as `mlflow server` sets them for its application
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{directory}/served.db",
        "_MLFLOW_SERVER_REGISTRY_STORE": f"sqlite:///{directory}/served.db",
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(directory / "served-files"),
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
    }
    from mlflow.server import app  # noqa: PLC0415 - it reads them when it is imported

    server = make_server("127.0.0.1", 0, app, threaded=True)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
