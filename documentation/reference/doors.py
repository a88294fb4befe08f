"""What each server answers to, by its own routes: HTTP by OpenAPI or the routes themselves, gRPC by its service."""

import logging
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from starlette.routing import Route

from access.doorkeeper import Doorkeeper
from access.scopes import DoorScopes
from assay.wiring import machine_abort, machine_watch
from console.http.app import create_app as create_console_app
from console.http.door_scopes import DOOR_SCOPES as CONSOLE_SCOPES
from console.http.uploads import UploadedFiles
from console.metrics import ConsoleMetrics
from console.settings import ConsoleSettings
from console.wiring import Program, wire
from content_store.http.app import create_app as create_store_app
from content_store.limits import Limits
from content_store.metrics import StoreMetrics
from content_store.store_directory import StoreDirectory
from documentation.markdown import GENERATED, code, said, table
from open_inference.grpc_messages.generated import open_inference_pb2
from predictor.files.piece import FileLimits, FileRules
from predictor.grpc.method_scopes import METHOD_SCOPES
from predictor.http.app import create_app as create_predictor_app
from predictor.http.door_scopes import DOOR_SCOPES as PREDICTOR_SCOPES
from predictor.identity import ModelIdentity
from predictor.settings import PredictorSettings
from predictor.wiring import create_data_plane, create_metrics, create_repository, create_source

_INTRODUCTION = """# API
Predictor and console describe their doors with bodies and examples at `/docs` and `/openapi.json` of their own, also
without a network. What the doors mean: [Serving](../serving.md), [The console](../console.md), [The
store](../store.md). `assay rollout-exporter` answers `GET /metrics` and `GET /health` alone. A scope is what [a
key](../security.md#keys) has to allow, where keys are set; `admin` allows everything.
"""
_HEADS = ("door", "what", "answers")
_GUARDED_HEADS = ("door", "scope", "what", "answers")


def page() -> str:
    """A table for each server."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        parts = [
            _INTRODUCTION,
            "## A predictor, over HTTP\n",
            table(_GUARDED_HEADS, _with_scopes(_described(predictor_app(folder)), PREDICTOR_SCOPES)),
            "## A predictor, over gRPC\n`grpc.health.v1.Health` (open), server reflection (`read`), and "
            f"`{_service().full_name}`:\n",
            table(("method", "scope", "takes", "answers"), _methods()),
            "## The console\n",
            table(
                _GUARDED_HEADS,
                _with_scopes([*_described(console_app(folder)), *_of_the_store(folder, "{digest}")], CONSOLE_SCOPES),
            ),
            "## The store\n",
            table(_HEADS, _of_the_store(folder, "")),
        ]
    return GENERATED + "\n".join(parts)


def predictor_app(folder: Path) -> FastAPI:
    """A predictor's doors, with no model behind them."""
    settings = PredictorSettings(models_dir=folder)
    metrics = create_metrics()
    plane = create_data_plane(create_repository(create_source(settings, None), settings, metrics), settings, metrics)
    rules = FileRules(FileLimits(1, 1, 1, 1, 1), body_limit_bytes=1, deadline_seconds=1, at_once=1)
    shown = ModelIdentity("digits", "1", "", "")
    return create_predictor_app(
        plane,
        Doorkeeper(),
        shown=shown,
        examples=(),
        body_limit_bytes=1,
        pixel_limit=1,
        file_rules=rules,
        model_limit_bytes=1,
    )


def console_app(folder: Path) -> FastAPI:
    """A console's doors, with nothing in its state directory."""
    program = Program(
        command=(),
        version="",
        watch=machine_watch,
        abort=machine_abort,
        environment=str,
        write_rollout=lambda *_: None,
    )
    state = folder / "console"
    wired = wire(state, ConsoleSettings(state=state), program, logging.getLogger(__name__))
    return create_console_app(
        wired.services,
        ConsoleMetrics(CollectorRegistry()),
        UploadedFiles(state, 1, idle_seconds=1),
        Limits(),
        Doorkeeper(),
        version="0",
        hosts=(),
        find_problem=str,
        report=lambda _said: None,
        slow_seconds=1.0,
        trace_of_this=lambda: None,
    )


def _described(app: FastAPI) -> Iterator[tuple[str, str, str]]:
    for path, methods in app.openapi()["paths"].items():
        for method, operation in methods.items():
            door = f"{method.upper()} {path}"
            yield code(door), _text(operation, door), ", ".join(sorted(set(operation["responses"]) - {"default"}))


def _text(operation: dict[str, Any], door: str) -> str:
    return said(operation.get("description", "").split("\n\n")[0], f"the door {door}")


def _with_scopes(doors: Iterable[tuple[str, str, str]], scopes: DoorScopes) -> Iterator[tuple[str, str, str, str]]:
    for door, text, answers in doors:
        method, _, path = door.strip("`").partition(" ")
        yield door, scopes.find(method, path) or "open", text, answers


def _of_the_store(folder: Path, part: str) -> Iterator[tuple[str, str, str]]:
    store = StoreDirectory.open(folder / "store")
    app = create_store_app(store, StoreMetrics(store, CollectorRegistry()), Limits(), lambda _said: None)
    for route in app.routes:
        if isinstance(route, Route) and part in route.path:
            for method in sorted(route.methods or ()):
                yield code(f"{method} {route.path}"), said(route.endpoint.__doc__, f"the door {route.path}"), ""


def _service() -> Any:
    return open_inference_pb2.DESCRIPTOR.services_by_name["GRPCInferenceService"]


def _methods() -> Iterator[tuple[str, str, str, str]]:
    for method in _service().methods:
        yield (
            code(method.name),
            METHOD_SCOPES[method.name] or "open",
            code(method.input_type.name),
            code(method.output_type.name),
        )
