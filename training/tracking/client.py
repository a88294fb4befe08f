"""MLflow's client: told not to phone home nor to print, to give up on a server that is away, to fail in our words."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager

# MLflow has no other way to be told, and reads them when it is imported or asks a server. What is set already, stays.
for _name, _value in {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
}.items():
    os.environ.setdefault(_name, _value)

from mlflow import MlflowClient  # noqa: E402 - after its settings
from mlflow.exceptions import MlflowException  # noqa: E402

from training.errors import TrackingError, TrackingNotUsable, first_line  # noqa: E402


def connect(url: str) -> MlflowClient:
    """A client of the tracking and the registry at `url`. Raises TrackingNotUsable."""
    for name in ("mlflow", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)  # else making a store is told step by step
    with explained(url):
        return MlflowClient(tracking_uri=url, registry_uri=url)


@contextmanager
def explained(url: str) -> Iterator[None]:
    """What MLflow says went wrong, as TrackingNotUsable."""
    try:
        yield
    except TrackingError:
        raise
    except MlflowException as error:
        raise TrackingNotUsable(f"{url}: {first_line(error)}") from error
    except Exception as error:  # of the database's driver and of the network each
        raise TrackingNotUsable(f"{url}: cannot be used: {first_line(error)}") from error
