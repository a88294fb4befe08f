"""The API server: JSON in, JSON out.

A handful of kinds are touched, one of them from outside Kubernetes itself (HTTPRoute), and always a few fields of them:
plain JSON under their paths says that more plainly than a class for each. The client library brings what is hard:
kubeconfig, the pod's own account with its changing token, and TLS.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
import urllib3
from kubernetes.client import ApiClient, ApiException, Configuration
from kubernetes.client.rest import RESTResponse
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config

from promotion.kubernetes.errors import ApiConflict, ApiRefused, ApiUnreachable

JsonObject = dict[str, Any]

TIMEOUT_SECONDS = 5.0
WATCH_SECONDS = 30
MANAGER = "assay-rollout"
_APPLY = "application/apply-patch+yaml"
_MERGE = "application/merge-patch+json"
_TO_BE_REPEATED = frozenset({429, 500, 502, 503, 504})


class ApiServer:
    """One cluster's. Every call raises ApiUnreachable and ApiRefused; those that say so, ApiConflict."""

    def __init__(self, configuration: Configuration) -> None:
        configuration.retries = False  # who calls knows what may be repeated
        self._client = ApiClient(configuration)

    @classmethod
    def connect(cls, context: str | None = None) -> "ApiServer":
        """The cluster that this process runs in, or else the kubeconfig's; with `context` always the kubeconfig's.

        Raises ApiUnreachable where there is neither.
        """
        configuration = Configuration()
        try:
            if context is not None or not _load_pods_account(configuration):
                load_kube_config(context=context, client_configuration=configuration)  # type: ignore[no-untyped-call]  # so the library says
        except (ConfigException, OSError) as error:
            raise ApiUnreachable(f"no cluster: neither a pod's account nor a kubeconfig: {error}") from error
        return cls(configuration)

    @property
    def address(self) -> str:
        """Its URL."""
        return str(self._client.configuration.host)

    def read(self, path: str) -> JsonObject | None:
        """The object at `path`; None where there is none."""
        return self._ask("GET", path)

    def list(self, path: str, query: Mapping[str, str]) -> JsonObject:
        """The list of the objects in the collection `path` that `query` selects."""
        return self._expect("GET", path, query=query)

    def create(self, path: str, document: JsonObject) -> JsonObject:
        """Make an object in the collection `path`. ApiConflict when its name is taken."""
        return self._expect("POST", path, document, "application/json")

    def apply(self, path: str, document: JsonObject, manager: str = MANAGER) -> JsonObject:
        """Apply server-side, without force: what others own stays theirs.

        ApiConflict when they own something in `document`, or when its resourceVersion is not the object's any more.
        """
        return self._expect("PATCH", path, document, _APPLY, query={"fieldManager": manager})

    def merge(self, path: str, document: JsonObject) -> JsonObject:
        """Change the fields in `document`, null removes; ApiConflict when its resourceVersion is an old one."""
        return self._expect("PATCH", path, document, _MERGE, query={"fieldManager": MANAGER})

    def delete(self, path: str, preconditions: JsonObject, propagation: str = "Background") -> None:
        """Remove the object, if it is there; ApiConflict when it is not the one that `preconditions` name.

        With the `propagation` Foreground it stays, with a deletionTimestamp, until what it owns is gone.
        """
        options: JsonObject = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": preconditions}
        self._ask("DELETE", path, {**options, "propagationPolicy": propagation}, "application/json")

    def read_text(self, path: str, query: Mapping[str, str]) -> str | None:
        """What is at `path` that is no object, such as a pod's log; None where there is nothing."""
        answer = self._send("GET", path, query=query, timeout=TIMEOUT_SECONDS, accept="*/*")
        body = self._body_of(answer)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise _error_of(path, answer.status, body)
        return body.decode(errors="replace")

    @contextmanager
    def watch(self, path: str, query: Mapping[str, str], since: str) -> Iterator[urllib3.BaseHTTPResponse]:
        """What happens in a collection after the resource version `since`, for `read_events`; ends by itself."""
        asked = {**query, "watch": "true", "resourceVersion": since, "timeoutSeconds": str(WATCH_SECONDS)}
        patience = (TIMEOUT_SECONDS, WATCH_SECONDS + TIMEOUT_SECONDS)
        answer = self._send("GET", path, query=asked, timeout=patience)
        response: urllib3.BaseHTTPResponse = answer.response
        try:
            if answer.status != 200:
                raise _error_of(path, answer.status, response.read())
            yield response
        finally:
            response.close()

    def _expect(
        self,
        method: str,
        path: str,
        document: JsonObject | None = None,
        content: str | None = None,
        *,
        query: Mapping[str, str] | None = None,
    ) -> JsonObject:
        answer = self._ask(method, path, document, content, query=query)
        if answer is None:
            raise ApiRefused(f"{self.address} has no {path}")
        return answer

    def _ask(
        self,
        method: str,
        path: str,
        document: JsonObject | None = None,
        content: str | None = None,
        *,
        query: Mapping[str, str] | None = None,
    ) -> JsonObject | None:
        answer = self._send(method, path, document, content, query=query, timeout=TIMEOUT_SECONDS)
        body = self._body_of(answer)
        if answer.status == 404:
            return None
        if not 200 <= answer.status < 300:
            raise _error_of(path, answer.status, body)
        read: JsonObject = orjson.loads(body)
        return read

    def _body_of(self, answer: RESTResponse) -> bytes:
        try:
            body: bytes = answer.response.data
        except urllib3.exceptions.HTTPError as error:
            raise ApiUnreachable(f"{self.address}: the answer broke off: {error}") from error
        return body

    def _send(
        self,
        method: str,
        path: str,
        document: JsonObject | None = None,
        content: str | None = None,
        *,
        query: Mapping[str, str] | None,
        timeout: float | tuple[float, float],
        accept: str = "application/json",
    ) -> RESTResponse:
        headers = {"Accept": accept, **({"Content-Type": content} if content else {})}
        try:
            _, url, signed, *_ = self._client.param_serialize(
                method,
                path,
                query_params=list((query or {}).items()),
                header_params=headers,
                auth_settings=["BearerToken"],
            )
            return self._client.call_api(method, url, signed, body=document, _request_timeout=timeout)
        except (urllib3.exceptions.HTTPError, ApiException, OSError) as error:
            raise ApiUnreachable(f"{self.address} does not answer: {_first_line(error)}") from error


def read_events(response: urllib3.BaseHTTPResponse) -> Iterator[JsonObject]:
    """The events of a watch, one a line, until the server or somebody here ends it. Raises ApiUnreachable."""
    line = b""
    try:
        for piece in response.stream(65536):
            *whole, line = (line + piece).split(b"\n")
            yield from (orjson.loads(each) for each in whole if each)
    except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
        raise ApiUnreachable(f"the watch broke off: {_first_line(error)}") from error


def _load_pods_account(configuration: Configuration) -> bool:
    """Whether this process runs in a pod that has an account."""
    try:
        load_incluster_config(configuration)  # type: ignore[no-untyped-call]  # so the library says
    except ConfigException:
        return False
    return True


def _error_of(path: str, status: int, body: bytes) -> ApiConflict | ApiRefused | ApiUnreachable:
    try:
        answer: JsonObject = orjson.loads(body)
        said = str(answer.get("message", "")).replace("\n", " ")
        causes = answer.get("details", {}).get("causes", [])
    except (orjson.JSONDecodeError, AttributeError):
        said, causes = body[:200].decode(errors="replace"), []
    if status == 409:
        owners = any(cause.get("reason") == "FieldManagerConflict" for cause in causes)
        return ApiConflict(said, has_other_owners=owners)
    kind = ApiUnreachable if status in _TO_BE_REPEATED else ApiRefused
    return kind(f"the API server answers {status} to {path}: {said}")


def _first_line(error: Exception) -> str:
    text = str(getattr(error, "reason", None) or error or type(error).__name__).splitlines()[0]
    return text.rpartition("): ")[2]  # without the connection object that the library puts before
