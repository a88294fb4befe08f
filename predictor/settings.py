"""Everything that can be set about a predictor: what is given wins over `ASSAY_` variables of the environment, those
over the same in a file `.env` of the working directory, those over defaults.

The only module that reads the environment. A variable that nobody knows is a mistyped one, so it is an error.
Which database predictions go to is set as for every program (records/settings.py), and never an option: its URL holds a
password. Traces are set by OpenTelemetry's own variables; `MODELS_DIR`, which other servers know, is taken where
`ASSAY_MODELS_DIR` is nowhere set.
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from access.settings import caller_variables
from bundle.manifest import NAME_PATTERN
from predictor.errors import SettingsError
from records.settings import known_variables

_PREFIX = "ASSAY_"
_FILE = ".env"
_OF_TRAINING = "ASSAY_TRACKING_URL"
_SECRET_HEADERS = frozenset({"authorization", "cookie", "proxy-authorization"})
_OF_A_CONSOLE = "ASSAY_CONSOLE_"  # which starts predictors


class PredictorSettings(BaseModel):
    """The settings of one predictor process. Raises SettingsError, which names the setting."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="address to listen on")
    http_port: int = Field(8000, ge=0, le=65535, description="0 takes any free port; the log says which")
    grpc_port: int | None = Field(None, ge=0, le=65535, description="no gRPC where it is not given")
    keys_file: Path | None = Field(None, description="the file of keys (assay keys); every door but probes takes one")
    without_keys: bool = Field(
        False, description="listen without keys_file where other machines reach it; something else keeps others out"
    )
    rate_limit: float = Field(
        0.0, ge=0, le=1e6, description="requests a second of one key, or of one address without keys; 0: any number"
    )
    tls_certificate: Path | None = Field(None, description="PEM, with its chain; then there is TLS, and nothing else")
    tls_key: Path | None = Field(None, description="PEM, of that certificate")
    tls_client_ca: Path | None = Field(None, description="PEM: who signs the certificates that clients have to show")
    model: str | None = Field(None, pattern=NAME_PATTERN, description="name to serve under; else the manifest's")
    revision: str | None = Field(None, pattern=NAME_PATTERN, description="else the digest's first 12 digits")
    models_dir: Path | None = Field(None, description="<name>/<version>/ in it; where no single bundle is given")
    load_at_start: Literal["all", "none"] = Field("all", description="of the models' directory")
    model_control: bool = Field(False, description="whoever reaches the server may load, unload and register models")
    model_limit_bytes: int = Field(256 * 2**20, ge=1024, description="largest ONNX file that can be registered")
    body_limit_bytes: int = Field(16 * 2**20, ge=1024, description="of a request; what it unpacks to counts, too")
    row_limit: int = Field(16_384, ge=1, description="rows in one request")
    pixel_limit: int = Field(16 * 2**20, ge=1, description="of one picture, known before it is decoded")
    file_limit_bytes: int = Field(32 * 2**20, ge=1024, description="body of /forward_batch and /evaluate")
    file_row_limit: int = Field(65_536, ge=1, description="rows or pictures in such a file")
    file_deadline_seconds: float = Field(300.0, gt=0, le=3600, description="then such a request gets 504")
    files_at_once: int = Field(2, ge=1, le=64, description="such requests in memory; the next one gets 429")
    inference_threads: int = Field(2, ge=1, le=256, description="runs of the model at the same time")
    batch_rows: int = Field(64, ge=1, le=16_384, description="of several requests in one run; 1: each has its own")
    fast_path: bool = Field(True, description="REST inference passes the web framework by")
    quick_seconds: float = Field(
        0.002, ge=0, le=1, description="a model that runs batch_rows rows within it does so on the event loop; 0: none"
    )
    workers: int = Field(1, ge=1, le=256, description="processes that share the ports")
    queue_limit: int = Field(256, ge=1, le=4096, description="requests that wait or are worked on; the next gets 429")
    deadline_seconds: float = Field(30.0, gt=0, le=3600, description="then a request without an answer gets 504")
    intra_op_threads: int = Field(1, ge=1, le=256, description="threads inside one operator of one inference")
    inter_op_threads: int = Field(1, ge=1, le=256, description="operators of one inference side by side")
    keep_alive_seconds: int = Field(75, ge=1, description="longer than a gateway keeps an idle connection")
    drain_seconds: float = Field(5.0, ge=0, le=3600, description="answers go on that long after SIGTERM")
    finish_seconds: int = Field(20, ge=1, le=3600, description="then requests in flight have that long")
    log_level: Literal["info", "warning", "error"] = Field("info", description="the least that is logged")
    slow_seconds: float = Field(1.0, gt=0, description="a request that takes longer is logged")
    record: str = Field(
        "none",
        pattern=r"^(none|database|jsonl:.+)$",
        description="where predictions go; jsonl:DIR, a directory; database, the one of ASSAY_DATABASE_URL",
    )
    record_client_header: str = Field(
        "",
        pattern=r"^([A-Za-z0-9-]+)?$",
        description="whose value says who asked, such as X-Client-Id; left out, that is not recorded",
    )
    record_spool_dir: Path | None = Field(
        None, description="where they wait on their way there; by default in DIR, or temporary"
    )
    record_queue_bytes: int = Field(64 * 2**20, ge=2**16, description="of predictions that wait in memory")
    record_limit_bytes: int = Field(2**20, ge=1024, description="of one prediction; its first rows, if it has more")
    record_disk_bytes: int = Field(2**30, ge=2**20, description="of a process's files, and as many of its spool")

    @field_validator("record_client_header")
    @classmethod
    def _check_client_header(cls, name: str) -> str:
        if name.lower() in _SECRET_HEADERS:
            raise ValueError("it holds a secret, which is not recorded; expected another header")
        return name

    def __init__(self, **given: Any) -> None:
        variables = {**_read_file(), **{name.upper(): value for name, value in os.environ.items()}}
        known = [f"{_PREFIX}{name}".upper() for name in type(self).model_fields]
        of_others = known_variables() | caller_variables() | {_OF_TRAINING}
        for name in variables:
            is_of_another = name in of_others or name.startswith(_OF_A_CONSOLE)
            if name.startswith(_PREFIX) and name not in known and not is_of_another:
                nearest = get_close_matches(name, known, n=1, cutoff=0)[0]
                raise SettingsError(f"{name} is no setting of a predictor; the nearest one is {nearest}")
        if models_dir := variables.get("MODELS_DIR"):
            variables.setdefault(f"{_PREFIX}MODELS_DIR", models_dir)
        found = {name.removeprefix(_PREFIX).lower(): variables[name] for name in known if name in variables}
        try:
            super().__init__(**{**found, **given})
        except ValidationError as error:
            first = error.errors()[0]
            name = f"{_PREFIX}{first['loc'][0]}".upper()
            raise SettingsError(f"{name}={first['input']}: {first['msg']}") from error


class TracingSettings(BaseSettings):
    """Where traces go, by OpenTelemetry's own variables (its specification, "OTLP Exporter Configuration")."""

    model_config = SettingsConfigDict(env_prefix="OTEL_", frozen=True, extra="ignore")

    exporter_otlp_endpoint: str | None = Field(None, description="of all signals; /v1/traces is appended")
    exporter_otlp_traces_endpoint: str | None = Field(None, description="of traces alone, used as it is")
    service_name: str = Field("assay-predictor", description="what the spans say that they come from")

    @property
    def endpoint(self) -> str | None:
        """The URL that spans are sent to, if they are."""
        if self.exporter_otlp_traces_endpoint:
            return self.exporter_otlp_traces_endpoint
        base = self.exporter_otlp_endpoint
        return f"{base.rstrip('/')}/v1/traces" if base else None


def _read_file() -> Mapping[str, str]:
    try:
        values = dotenv_values(_FILE, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{_FILE} in the working directory cannot be read: {error}") from error
    return {name.upper(): value for name, value in values.items() if value is not None}
