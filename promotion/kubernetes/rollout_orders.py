"""Orders in the cluster: keys of the ConfigMap with the record, such as `order-1-abort.json`.

They are written without a claim and without a precondition: a rollout's own write, which has one, is simply tried again
on what it then finds, and changes other keys.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import ValidationError

from bundle.one_line import explain_first
from promotion.kubernetes.api_server import ApiServer
from promotion.kubernetes.errors import RecordUnreachable, as_rollout_errors
from promotion.kubernetes.release import Release
from promotion.rollout.orders import Order, order_from_json, order_to_json
from promotion.rollout.rollout_store import RolloutNotUsable

ORDER = "order-"


@dataclass(frozen=True, slots=True)
class ClusterRolloutOrders:
    """RolloutOrders of a release. Beside the seam's errors it raises RecordUnreachable."""

    api: ApiServer
    release: Release

    def give(self, order: Order) -> None:
        """As the seam says; what was ordered of other rollouts is removed, for those have ended."""
        found = self._read_data()
        own, key = _prefix(order.rollout_id), f"{_prefix(order.rollout_id)}{order.name}.json"
        if key in found:
            return
        ended = {each: None for each in found if each.startswith(ORDER) and not each.startswith(own)}
        with as_rollout_errors():
            self.api.merge(self.release.record, {"data": {**ended, key: order_to_json(order).decode()}})

    def read_orders(self, rollout_id: int) -> Sequence[Order]:
        """As the seam says."""
        given = self._read_data()
        return [self._parse(key, given[key]) for key in sorted(given) if key.startswith(_prefix(rollout_id))]

    def _read_data(self) -> dict[str, str]:
        with as_rollout_errors():
            found = self.api.read(self.release.record)
        if found is None:
            raise RecordUnreachable(
                f"ConfigMap {self.release.state_name} is not in namespace {self.release.namespace}; the chart makes it"
            )
        data: dict[str, str] = found.get("data") or {}
        return data

    def _parse(self, key: str, content: str) -> Order:
        try:
            return order_from_json(content.encode())
        except ValidationError as error:
            raise RolloutNotUsable(
                f"ConfigMap {self.release.state_name}, {key}: not an order: {explain_first(error)}"
            ) from error


def _prefix(rollout_id: int) -> str:
    return f"{ORDER}{rollout_id}-"
