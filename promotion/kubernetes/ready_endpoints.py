"""Ready endpoints of a Service, as its EndpointSlices say."""

from promotion.kubernetes.api_server import ApiServer, JsonObject
from promotion.kubernetes.release import Release


def slices_query(*services: str) -> dict[str, str]:
    """Selects the EndpointSlices of any of these Services."""
    return {"labelSelector": f"kubernetes.io/service-name in ({','.join(services)})"}


def count_ready(endpoint_slice: JsonObject) -> int:
    """Endpoints that take requests; one that is ending is none, whatever it still answers."""
    endpoints = endpoint_slice.get("endpoints") or []
    return sum(endpoint.get("conditions", {}).get("ready") is not False for endpoint in endpoints)


def read_ready(api: ApiServer, release: Release, service: str) -> int:
    """Ready endpoints of `service` now. Raises ApiUnreachable, ApiRefused."""
    found = api.list(release.endpoint_slices, slices_query(service))
    return sum(count_ready(each) for each in found["items"])
