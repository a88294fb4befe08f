"""The document that carries a split: values in, values out."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promotion.kubernetes.release import Release
from promotion.kubernetes.split_route import (
    NO_ROUTE,
    PROBE_HEADER,
    Services,
    SplitRoute,
    detached_document,
    restored_document,
    split_of,
    token_of,
)

RELEASE = Release("shop", "ns")
ROUTE = SplitRoute(RELEASE, [{"name": "gateway"}], ["shop.test"], Services("shop-v1", "shop-v2"), "digits", "uid-0")
STABLE = RELEASE.services_of("v1")
WRITE = "3fa9c2"
percents = st.integers(0, 100)


def written(percent: int, token: str = WRITE, generation: int = 1) -> dict[str, Any]:
    """As the API server has it after the write."""
    since = {"metadata": {"resourceVersion": "7"}}
    document = ROUTE.to_document(percent, token, since)
    return {**document, "metadata": {**document["metadata"], "uid": "uid-1", "generation": generation}}


def clients_rules(document: dict[str, Any]) -> list[int]:
    """Numbers of the rules that a client reaches, by its paths."""
    found = []
    for number, rule in enumerate(document["spec"]["rules"]):
        paths = [match["path"]["value"] for match in rule["matches"] if "headers" not in match]
        assert paths in ([], ["/classify", "/v2/models/digits/infer"])
        found += [number] if paths else []
    return found


def backends_with_a_weight(document: dict[str, Any]) -> list[list[tuple[int, str]]]:
    return [
        [(place, each["name"]) for place, each in enumerate(rule.get("backendRefs", [])) if each["weight"] > 0]
        for rule in document["spec"]["rules"]
    ]


@given(percents)
def test_what_is_written_is_read(percent: int) -> None:
    split = split_of(written(percent, generation=3), STABLE)
    assert (split.canary_percent, split.written_as) == (percent, "uid-1/3")
    assert token_of(written(percent, "abc")) == "abc"


@given(percents, percents)
def test_no_write_changes_which_backends_the_gateway_has_to_know(one: int, other: int) -> None:
    assert backends_with_a_weight(written(one)) == backends_with_a_weight(written(other))


@pytest.mark.parametrize(("percent", "rules"), [(0, []), (1, [0]), (99, [0]), (100, [1])])
def test_clients_reach_at_most_one_rule(percent: int, rules: list[int]) -> None:
    assert clients_rules(written(percent)) == rules


@given(percents)
def test_restored_it_is_the_same_route_at_0_percent_with_a_token_of_its_own(percent: int) -> None:
    restored = restored_document(written(percent, "before"), "after")
    assert restored is not None
    at_zero = written(0, "after")
    assert [rule["matches"] for rule in restored["spec"]["rules"]] == [
        rule["matches"] for rule in at_zero["spec"]["rules"]
    ]
    assert backends_with_a_weight(restored) == backends_with_a_weight(at_zero)
    assert token_of(restored) == "after"
    assert restored["metadata"]["resourceVersion"] == "7"
    assert "uid" not in restored["metadata"]
    assert restored["metadata"]["annotations"]["assay.dev/canary-percent"] == "0"


def test_no_route_and_one_that_is_attached_to_nothing_split_nothing() -> None:
    detached = detached_document(RELEASE)
    assert split_of(None, STABLE) == NO_ROUTE
    assert split_of({**detached, "metadata": {"uid": "u", "generation": 1}}, STABLE) == NO_ROUTE


@pytest.mark.parametrize(
    ("rule", "percent"),
    [
        ({"backendRefs": [{"name": "shop-v2"}]}, 100),
        ({"backendRefs": [{"name": "shop-v1-predictor"}, {"name": "other"}]}, 50),
        ({"backendRefs": [{"name": "shop-v1", "weight": 1000}, {"name": "shop-v2", "weight": 1}]}, 1),
        ({"backendRefs": [{"name": "shop-v1", "weight": 0}]}, 0),
        ({"backendRefs": []}, 0),
        ({"matches": [{"headers": [{"name": PROBE_HEADER, "value": "x"}]}], "backendRefs": [{"name": "shop-v2"}]}, 0),
    ],
)
def test_the_share_of_a_route_by_hand_is_what_does_not_go_to_stable(rule: dict[str, Any], percent: int) -> None:
    spec = {"parentRefs": [{"name": "gateway"}], "rules": [rule]}
    by_hand = {"metadata": {"uid": "u", "generation": 1}, "spec": spec}
    assert split_of(by_hand, STABLE).canary_percent == percent
    assert token_of(by_hand) is None
    assert restored_document(by_hand, WRITE) is None
