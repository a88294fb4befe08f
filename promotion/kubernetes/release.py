"""What the chart's objects are called, and where the API server has them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Release:
    """A release of the chart in its namespace."""

    name: str
    namespace: str

    @property
    def route(self) -> str:
        """Path of the chart's own HTTPRoute, which a rollout only reads."""
        return f"{self.routes}/{self.name}"

    @property
    def split_name(self) -> str:
        """Name of the HTTPRoute that only a rollout writes."""
        return f"{self.name}-split"

    @property
    def split_route(self) -> str:
        """Path of the HTTPRoute that only a rollout writes."""
        return f"{self.routes}/{self.split_name}"

    @property
    def state_name(self) -> str:
        """Name of the ConfigMap with a rollout's record, and of its Lease; the chart makes both."""
        return f"{self.name}-rollout"

    @property
    def record(self) -> str:
        """Path of the ConfigMap with a rollout's record."""
        return f"/api/v1/namespaces/{self.namespace}/configmaps/{self.state_name}"

    @property
    def lease(self) -> str:
        """Path of the Lease that one rollout at a time holds."""
        return f"/apis/coordination.k8s.io/v1/namespaces/{self.namespace}/leases/{self.state_name}"

    @property
    def routes(self) -> str:
        """Path of the HTTPRoutes."""
        return f"/apis/gateway.networking.k8s.io/v1/namespaces/{self.namespace}/httproutes"

    @property
    def endpoint_slices(self) -> str:
        """Path of the EndpointSlices."""
        return f"/apis/discovery.k8s.io/v1/namespaces/{self.namespace}/endpointslices"

    @property
    def events(self) -> str:
        """Path of the Events."""
        return f"/api/v1/namespaces/{self.namespace}/events"

    @property
    def jobs(self) -> str:
        """Path of the Jobs."""
        return f"/apis/batch/v1/namespaces/{self.namespace}/jobs"

    @property
    def pods(self) -> str:
        """Path of the pods."""
        return f"/api/v1/namespaces/{self.namespace}/pods"

    def job(self, name: str) -> str:
        """Path of a Job."""
        return f"{self.jobs}/{name}"

    def services_of(self, revision: str) -> tuple[str, str]:
        """What the Service of a revision is called: by the chart itself, and by KServe."""
        return f"{self.name}-{revision}", f"{self.name}-{revision}-predictor"
