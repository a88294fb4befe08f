"""Everything that can be set about a console: what is given wins over `ASSAY_CONSOLE_` variables of the environment,
those over the same in a file `.env` of the working directory, those over defaults.

The only module of this room that reads the environment. A variable that nobody knows is a mistyped one, so it is an
error. Which database is set as for every program (records/settings.py); where it is not, it is a file of SQLite in the
state directory.
"""

import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from console.errors import SettingsError

PREFIX = "ASSAY_CONSOLE_"
_FILE = ".env"


class ConsoleSettings(BaseModel):
    """The settings of one console. Raises SettingsError, which names the setting."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    state: Path = Field(Path("build/console"), description="the state directory: all that the console keeps")
    host: str = Field("127.0.0.1", description="address to listen on; a loopback one, unless keys are asked for")
    port: int = Field(8070, ge=0, le=65535, description="0 takes any free port; the log says which")
    keys_file: Path | None = Field(None, description="the file of keys (assay keys); every door but probes takes one")
    without_keys: bool = Field(
        False, description="listen without keys_file where other machines reach it; something else keeps others out"
    )
    has_inference: bool = Field(
        False,
        description="answer the predictors' doors, too, by asking the gateway: one port for all",
    )
    ends_all: bool = Field(
        False, description="end what it has started, too, when it ends: predictors, gateway and jobs"
    )
    rate_limit: float = Field(
        0.0, ge=0, le=1e6, description="requests a second of one key, or of one address without keys; 0: any number"
    )
    tls_certificate: Path | None = Field(None, description="PEM, with its chain; then there is TLS, and nothing else")
    tls_key: Path | None = Field(None, description="PEM, of that certificate")
    tls_client_ca: Path | None = Field(None, description="PEM: who signs the certificates that clients have to show")
    dataset: str = Field("console", min_length=1, description="what its data set is called in the database of records")
    gateway_port: int = Field(8080, ge=1, le=65535, description="where clients ask for predictions")
    release: str | None = Field(None, description="in a cluster: the chart's release, whose revisions it names")
    namespace: str = Field("default", description="in a cluster: the release's namespace")
    templates: Path = Field(Path("/etc/assay-console"), description="in a cluster: what the chart has rendered for it")
    store_url: str = Field("", description="in a cluster: the store that revisions are fetched from")
    gateway_url: str = Field("", description="in a cluster: the gateway, as a pod sees it")
    gateway_stats_url: str | None = Field(None, description="in a cluster: where the gateway says what it counted")
    gate: Path | None = Field(None, description="gate.yaml, the rules of every rollout")
    params: Path | None = Field(None, description="params.yaml, what a training takes that does not say otherwise")
    trainings_at_once: int = Field(1, ge=1, le=64, description="of one model")
    training_seconds: float = Field(3600.0, gt=0, description="then a training is ended")
    training_memory_bytes: int = Field(4 * 2**30, ge=2**20, description="resident; a training that takes more is ended")
    upload_limit_bytes: int = Field(256 * 2**20, ge=1024, description="of a file as it comes")
    upload_memory_bytes: int = Field(512 * 2**20, ge=2**16, description="of its rows, once they are unpacked")
    bundle_limit_bytes: int = Field(512 * 2**20, ge=1024, description="the largest bundle")
    idle_seconds: float = Field(60.0, gt=0, description="how long an upload may stand still")
    log_format: Literal["lines", "json"] = Field(
        "lines", description="of the log: lines for a person, or each one a JSON object"
    )
    log_level: Literal["info", "warning", "error"] = Field("info", description="the least that is logged")
    slow_seconds: float = Field(10.0, gt=0, description="a request that takes longer is logged")
    finish_seconds: int = Field(20, ge=1, le=3600, description="how long requests in flight have after SIGTERM")

    def __init__(self, **given: Any) -> None:
        variables = {**_read_file(), **{name.upper(): value for name, value in os.environ.items()}}
        known = [f"{PREFIX}{name}".upper() for name in type(self).model_fields]
        for name in variables:
            if name.startswith(PREFIX) and name not in known:
                nearest = get_close_matches(name, known, n=1, cutoff=0)[0]
                raise SettingsError(f"{name} is no setting of a console; the nearest one is {nearest}")
        found = {name.removeprefix(PREFIX).lower(): variables[name] for name in known if name in variables}
        try:
            super().__init__(**{**found, **given})
        except ValidationError as error:
            first = error.errors()[0]
            name = f"{PREFIX}{first['loc'][0]}".upper()
            raise SettingsError(f"{name}={first['input']}: {first['msg']}") from error


def _read_file() -> Mapping[str, str]:
    try:
        values = dotenv_values(_FILE, interpolate=False)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{_FILE} in the working directory cannot be read: {error}") from error
    return {name.upper(): value for name, value in values.items() if value is not None}
