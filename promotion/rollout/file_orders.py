"""Orders on one machine's disk, beside the records: `order-0001-abort.json` and so on."""

import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from bundle.one_line import explain_first
from promotion.rollout.orders import Order, order_from_json, order_to_json
from promotion.rollout.rollout_store import RolloutError, RolloutNotUsable


@dataclass(frozen=True, slots=True)
class FileRolloutOrders:
    """Keeps orders in the directory of a FileRolloutStore."""

    directory: Path

    def give(self, order: Order) -> None:
        """As the seam says: a reader sees all of it or nothing, and of two givers the first stands."""
        path = self.directory / f"{_prefix(order.rollout_id)}{order.name}.json"
        draft = path.with_suffix(f".{os.getpid()}.writing")
        try:
            draft.write_bytes(order_to_json(order))
            with suppress(FileExistsError):
                path.hardlink_to(draft)
        except OSError as error:
            raise RolloutError(f"{path} cannot be written: {error.strerror}") from error
        finally:
            with suppress(OSError):
                draft.unlink()

    def read_orders(self, rollout_id: int) -> Sequence[Order]:
        """As the seam says."""
        return [_read(path) for path in sorted(self.directory.glob(f"{_prefix(rollout_id)}*.json"))]


def _prefix(rollout_id: int) -> str:
    return f"order-{rollout_id:04d}-"


def _read(path: Path) -> Order:
    try:
        return order_from_json(path.read_bytes())
    except OSError as error:
        raise RolloutNotUsable(f"{path} cannot be read: {error.strerror}") from error
    except ValidationError as error:
        raise RolloutNotUsable(f"{path}: not an order: {explain_first(error)}") from error
