"""A server held to an OpenAPI description: schemathesis makes requests of it, right and wrong, and reads answers."""

from collections.abc import Mapping
from typing import Any

import schemathesis
from hypothesis import given, settings
from hypothesis.strategies import one_of
from schemathesis.checks import CHECKS, load_all_checks
from schemathesis.config import SchemathesisConfig
from schemathesis.generation.modes import GenerationMode

load_all_checks()
_CHECKED = (  # all that a description alone can tell: not whether what has the right form fits the model, too
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
    "unsupported_method",
)


def operations(description: Any) -> list[tuple[str, str]]:
    """The path and the method of each."""
    return [
        (path, method) for path, methods in description["paths"].items() for method in methods if method != "parameters"
    ]


def hold(base_url: str, description: Any, path: str, method: str, known: Mapping[str, str], *, requests: int) -> None:
    """Send requests to one operation and check each answer against its description.

    `known` are values for a path's parameters of which the server knows; half of the requests have others.
    """
    operation = _operation(description, path, method)
    fixed = {part.name: known[part.name] for part in operation.path_parameters if part.name in known}
    ways = [operation.as_strategy(path_parameters=fixed)]
    if operation.path_parameters:
        ways += [operation.as_strategy(mode) for mode in GenerationMode]
    if operation.headers or operation.query or operation.body:
        ways.append(operation.as_strategy(GenerationMode.NEGATIVE, path_parameters=fixed))

    @settings(max_examples=requests)
    @given(one_of(ways))
    def ask(case: Any) -> None:
        case.call_and_validate(base_url, checks=_checks(case))

    ask()


def send(base_url: str, description: Any, path: str, known: Mapping[str, str], content_type: str, body: Any) -> Any:
    """POST a body, check the answer against its description, and return it."""
    operation = _operation(description, path, "post")
    case = operation.Case(path_parameters=dict(known), body=body, media_type=content_type)
    return case.call_and_validate(base_url, checks=_checks(case))


def _checks(case: Any) -> Any:
    is_form = case.media_type == "multipart/form-data"  # a field of no values is none on the wire, and so not refused
    return CHECKS.get_by_names([name for name in _CHECKED if not (is_form and name == "negative_data_rejection")])


def _operation(description: Any, path: str, method: str) -> Any:
    return schemathesis.openapi.from_dict(description, config=SchemathesisConfig())[path][method]
