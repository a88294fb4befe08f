"""What every RolloutOrders promises; each implementation is a parameter."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from promotion.kubernetes.rollout_orders import ClusterRolloutOrders
from promotion.rollout.file_orders import FileRolloutOrders
from promotion.rollout.orders import Order, OrderKind, RolloutOrders
from promotion.rollout.record import RolloutPlan
from promotion.rollout.rollout_store import RolloutNotUsable
from tests.promotion.kubernetes.place import StatePlace, run_state
from tests.promotion.rollout.events import AT, begun

OpenOrders = Callable[[], RolloutOrders]
ABORT = Order(7, OrderKind.ABORT, by="ann@desk", at=AT, reason="“50 %” is too much\n")


@pytest.fixture(scope="module")
def cluster() -> Iterator[StatePlace]:
    with run_state() as place:
        yield place


@pytest.fixture(params=["file", pytest.param("cluster", marks=pytest.mark.cluster)])
def open_orders(request: pytest.FixtureRequest, tmp_path: Path) -> OpenOrders:
    """Opens the same orders again and again, as another process would; at first there are none."""
    if request.param == "file":
        return lambda: FileRolloutOrders(tmp_path)
    place: StatePlace = request.getfixturevalue("cluster")
    place.reset()
    return lambda: ClusterRolloutOrders(place.api, place.release)


def test_an_order_is_read_back_whole_by_its_own_rollout_only(open_orders: OpenOrders) -> None:
    assert list(open_orders().read_orders(7)) == []
    open_orders().give(ABORT)
    assert list(open_orders().read_orders(7)) == [ABORT]
    assert list(open_orders().read_orders(70)) == list(open_orders().read_orders(1)) == []


def test_the_first_of_its_kind_stands(open_orders: OpenOrders) -> None:
    open_orders().give(ABORT)
    open_orders().give(replace(ABORT, by="ben@desk"))
    assert list(open_orders().read_orders(7)) == [ABORT]


def test_each_step_is_approved_by_an_order_of_its_own(open_orders: OpenOrders) -> None:
    approvals = [replace(ABORT, kind=OrderKind.APPROVE, percent=percent) for percent in (25, 50)]
    for order in approvals:
        open_orders().give(order)
    assert list(open_orders().read_orders(7)) == approvals


def test_the_next_rollout_has_orders_of_its_own(open_orders: OpenOrders) -> None:
    open_orders().give(ABORT)
    later = replace(ABORT, rollout_id=8)
    open_orders().give(later)
    assert list(open_orders().read_orders(8)) == [later]


def test_a_damaged_order_is_named(tmp_path: Path) -> None:
    (tmp_path / "order-0007-abort.json").write_text("{}")
    with pytest.raises(RolloutNotUsable, match=r"order-0007-abort\.json: not an order: rollout_id: Field required"):
        FileRolloutOrders(tmp_path).read_orders(7)


@pytest.mark.cluster
def test_an_order_does_not_disturb_who_has_claimed_the_record(cluster: StatePlace) -> None:
    cluster.reset()
    store, record = cluster.open_store(), begun(RolloutPlan())
    with store.claim():
        store.save(record)
        ClusterRolloutOrders(cluster.api, cluster.release).give(replace(ABORT, rollout_id=1))
        store.save(replace(record, because="later"))
    assert cluster.open_store().read_newest() == replace(record, because="later")
    assert [each.rollout_id for each in store.read_kept()] == [1]
