"""From a URL to the store of experiments. MLflow takes seconds to load, so only whoever opens a store waits for it."""

from pathlib import Path
from typing import TYPE_CHECKING

from training.errors import TrackingNotUsable

if TYPE_CHECKING:
    from training.tracking.store import TrackingStore

DEFAULT_TRACKING_URL = "sqlite:///build/tracking.db"
_SQLITE = "sqlite:///"


def open_tracking(url: str) -> "TrackingStore":
    """The store at `url`: `sqlite:///FILE`, made where there is none, or an MLflow server's `http(s)://`.

    The files of a SQLite store's experiments are kept beside it, in `<name>-files`. Raises TrackingNotUsable.
    """
    if not url.startswith((_SQLITE, "http://", "https://")):
        kind = url.partition(":")[0]
        raise TrackingNotUsable(
            f"{kind}: no such tracking store; expected sqlite:///FILE or an MLflow server's http://"
        )
    try:
        from training.tracking.store import TrackingStore  # noqa: PLC0415 - MLflow is loaded here
    except ModuleNotFoundError as error:
        raise TrackingNotUsable(
            f"tracking needs MLflow, which is not installed here ({error.name}): pip install 'assay[pipeline]'"
        ) from error
    return TrackingStore(*_located(url))


def _located(url: str) -> tuple[str, Path | None]:
    """The URL with an absolute path, and where a SQLite store keeps files; a server knows that itself."""
    if not url.startswith(_SQLITE):
        return url.rstrip("/"), None
    path = Path(url.removeprefix(_SQLITE)).absolute()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TrackingNotUsable(f"{path.parent}: cannot be made: {error.strerror}") from error
    return f"{_SQLITE}{path}", path.parent / f"{path.stem}-files"
