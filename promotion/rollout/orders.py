"""What somebody wants of a rollout that another process may be at: kept beside the record, where that one looks.

Nobody waits for an order to be read. Who aborts or supersedes writes the split, too: a rollout whose split was written
by somebody else goes back in any case, and the order is how it knows who that was, and why.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from pydantic import TypeAdapter

from promotion.errors import PromotionError


class RowsUnreachable(PromotionError):
    """Rows that were handed in cannot be had now; the call can be repeated."""


class OrderKind(StrEnum):
    """What is wanted."""

    ABORT = "abort"
    SUPERSEDE = "supersede"
    APPROVE = "approve"
    ROWS = "rows"


@dataclass(frozen=True, slots=True)
class GivenRows:
    """Further labelled rows for a rollout that holds."""

    name: str
    """What a person calls them, such as a file's name."""
    digest: str
    """As LabelledRows has it; what is loaded has to have it."""
    rows: int


@dataclass(frozen=True, slots=True)
class Order:
    """Somebody's will."""

    rollout_id: int
    """The one that it is about; a later rollout never takes it for its own."""
    kind: OrderKind
    by: str
    """Who gave it, such as ann@workstation."""
    at: str
    """ISO 8601, UTC."""
    reason: str = ""
    """In the giver's words; may be empty."""
    percent: int | None = None
    """The step that is approved."""
    given: GivenRows | None = None
    """The rows that are handed in."""

    @property
    def name(self) -> str:
        """What is wanted, such as abort, approve-50 or rows-0123456789ab; one of a name for a rollout is kept."""
        about = self.given.digest.removeprefix("sha256:")[:12] if self.given is not None else self.percent
        return str(self.kind) if about is None else f"{self.kind}-{about}"


class RolloutOrders(Protocol):
    """Keeps orders; who gives one needs no claim."""

    def give(self, order: Order) -> None:
        """Keep `order`; the first of its name for a rollout stands. Raises RolloutError. Can be repeated."""

    def read_orders(self, rollout_id: int) -> Sequence[Order]:
        """Those that were given to that rollout. Raises RolloutError. Can be repeated."""


_DOCUMENT = TypeAdapter(Order)


def order_to_json(order: Order) -> bytes:
    """The order as a JSON document."""
    return _DOCUMENT.dump_json(order)


def order_from_json(content: bytes) -> Order:
    """The order that `content` states; pydantic's ValidationError when it states none."""
    return _DOCUMENT.validate_json(content)


def find_order(orders: Sequence[Order], kind: OrderKind, percent: int | None = None) -> Order | None:
    """The order of that kind, about that step; None where none was given."""
    return next((order for order in orders if (order.kind, order.percent) == (kind, percent)), None)
