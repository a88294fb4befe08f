"""What the gateway's controller says of a route. Pure."""

from typing import Any

from promotion.kubernetes.split_route import Document

ACCEPTED, RESOLVED = "Accepted", "ResolvedRefs"


def find_refusal(route: Document, required: tuple[str, ...] = (ACCEPTED, RESOLVED)) -> str | None:
    """What a controller does not accept in the route as it is now; None where it accepts it or has not looked yet."""
    for parent in route.get("status", {}).get("parents", []):
        for condition in _seen(route, parent):
            if condition["type"] in required and condition["status"] == "False":
                return f"{condition['type']} is False: {condition['reason']}: {condition['message']}"
    return None


def find_unseen(route: Document, required: tuple[str, ...] = (ACCEPTED, RESOLVED)) -> str | None:
    """What is still missing until every gateway that the route names has taken it as it is now."""
    parents = route.get("status", {}).get("parents", [])
    for wanted in route["spec"].get("parentRefs", []):
        true = {
            condition["type"]
            for parent in parents
            if _is_same(parent["parentRef"], wanted)
            for condition in _seen(route, parent)
            if condition["status"] == "True"
        }
        missing = [each for each in required if each not in true]
        if missing:
            return f"Gateway {wanted['name']} has not said {' and '.join(missing)} of generation {_generation(route)}"
    return None


def _seen(route: Document, parent: Document) -> list[Any]:
    """Conditions about the route as it is now, not as it was."""
    return [each for each in parent.get("conditions", []) if each.get("observedGeneration", 0) >= _generation(route)]


def _generation(route: Document) -> int:
    return int(route["metadata"]["generation"])


def _is_same(found: Document, wanted: Document) -> bool:
    return all(found.get(key) == wanted.get(key) for key in ("name", "sectionName", "port")) and found.get(
        "namespace"
    ) in {None, wanted.get("namespace")}
