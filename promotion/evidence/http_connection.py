"""A predictor over HTTP."""

import httpx

from access.caller import OwnCredentials
from open_inference import InferRequest, InferResponse
from promotion.evidence.predictor_connection import Answered, NoAnswer, Refused, WrongAddress

UNREACHABLE_CODES = frozenset({429, 502, 503, 504})


class HttpConnection:
    """A PredictorConnection over V2's JSON; the digest stands in every answer's parameters."""

    transport = "HTTP"

    def __init__(self, url: str, timeout_seconds: float, credentials: OwnCredentials) -> None:
        self._url = url
        verify, headers = credentials.verify(url), credentials.headers
        self._client = httpx.Client(timeout=timeout_seconds, trust_env=False, verify=verify, headers=headers)

    def read_metadata(self) -> bytes:
        """As the protocol says."""
        return self._ask("GET", "/metadata", None)

    def infer(self, model: str, request: InferRequest) -> Answered:
        """As the protocol says."""
        response = InferResponse.from_json(self._ask("POST", f"/v2/models/{model}/infer", request.to_json()))
        digest = response.parameters.get("bundle_digest")
        return Answered(response, None if digest is None else str(digest))

    def close(self) -> None:
        """As the protocol says."""
        self._client.close()

    def _ask(self, method: str, path: str, body: bytes | None) -> bytes:
        headers = {"Content-Type": "application/json"} if body else {}
        try:
            answer = self._client.request(method, self._url + path, content=body, headers=headers)
        except (httpx.InvalidURL, UnicodeError) as error:
            raise WrongAddress(f"not a URL: {error}") from error
        except httpx.UnsupportedProtocol as error:
            raise WrongAddress("expected http://HOST:PORT or grpc://HOST:PORT") from error
        except httpx.TimeoutException as error:
            raise NoAnswer("timed out", str(error) or type(error).__name__) from error
        except httpx.RequestError as error:
            raise NoAnswer("no connection", str(error) or type(error).__name__) from error
        if answer.status_code == 200:
            return answer.content
        problem = f"status {answer.status_code}: {_error_text(answer)}"
        if answer.status_code in UNREACHABLE_CODES:
            raise NoAnswer(f"status {answer.status_code}", problem)
        raise Refused(problem)


def _error_text(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["error"])[:300]
    except (ValueError, KeyError, TypeError):
        return answer.text[:100]
