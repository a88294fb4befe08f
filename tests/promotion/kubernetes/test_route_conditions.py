"""What a controller's conditions say of a route: values in, a line for a person out."""

from typing import Any

from promotion.kubernetes.route_conditions import ACCEPTED, RESOLVED, find_refusal, find_unseen


def condition(kind: str, status: str = "True", generation: int = 2) -> dict[str, Any]:
    said = {"reason": "BackendNotFound", "message": "Service shop-v2 not found"}
    return {"type": kind, "status": status, "observedGeneration": generation, **said}


def parent(*conditions: dict[str, Any], name: str = "gateway", section: str | None = None) -> dict[str, Any]:
    reference = {"group": "gateway.networking.k8s.io", "kind": "Gateway", "name": name}
    if section is not None:
        reference["sectionName"] = section
    return {"parentRef": reference, "conditions": list(conditions)}


def route(*parents: dict[str, Any], wanted: tuple[dict[str, str], ...] = ({"name": "gateway"},)) -> dict[str, Any]:
    return {"metadata": {"generation": 2}, "spec": {"parentRefs": list(wanted)}, "status": {"parents": list(parents)}}


def test_a_route_that_is_accepted_as_it_is_now_is_seen() -> None:
    found = route(parent(condition(ACCEPTED), condition(RESOLVED)))
    assert find_unseen(found) is None
    assert find_refusal(found) is None


def test_what_was_said_of_the_route_as_it_was_does_not_count() -> None:
    found = route(parent(condition(ACCEPTED, generation=1), condition(RESOLVED, "False", generation=1)))
    assert find_unseen(found) == "Gateway gateway has not said Accepted and ResolvedRefs of generation 2"
    assert find_refusal(found) is None


def test_a_route_without_a_status_is_not_seen() -> None:
    assert find_unseen({"metadata": {"generation": 1}, "spec": {"parentRefs": [{"name": "gateway"}]}}) is not None


def test_a_refusal_has_its_reason() -> None:
    found = route(parent(condition(ACCEPTED), condition(RESOLVED, "False")))
    assert find_refusal(found) == "ResolvedRefs is False: BackendNotFound: Service shop-v2 not found"
    assert find_unseen(found) == "Gateway gateway has not said ResolvedRefs of generation 2"
    assert find_refusal(found, (ACCEPTED,)) is None
    assert find_unseen(found, (ACCEPTED,)) is None


def test_every_gateway_that_the_route_names_has_to_accept_it() -> None:
    both = condition(ACCEPTED), condition(RESOLVED)
    wanted = ({"name": "gateway", "sectionName": "http"}, {"name": "gateway", "sectionName": "https"})
    assert find_unseen(route(parent(*both, section="http"), wanted=wanted)) is not None
    assert find_unseen(route(parent(*both, section="http"), parent(*both, section="https"), wanted=wanted)) is None
    assert find_unseen(route(parent(*both, name="another"))) is not None
