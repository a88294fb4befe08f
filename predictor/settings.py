"""Everything that can be set about a predictor: what is given wins over `ASSAY_` variables, those over defaults.

The only module that reads the environment. A variable that nobody knows is a mistyped one, so it is an error.
"""

import os
from difflib import get_close_matches
from typing import Any

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from bundle.manifest import NAME_PATTERN
from predictor.errors import SettingsError

_PREFIX = "ASSAY_"


class PredictorSettings(BaseSettings):
    """The settings of one predictor process. Raises SettingsError, which names the setting."""

    model_config = SettingsConfigDict(env_prefix=_PREFIX, frozen=True, extra="forbid")

    host: str = Field("127.0.0.1", description="address to listen on")
    http_port: int = Field(8000, ge=0, le=65535, description="0 takes any free port; the log says which")
    grpc_port: int | None = Field(None, ge=0, le=65535, description="no gRPC where it is not given")
    model: str | None = Field(None, pattern=NAME_PATTERN, description="name to serve under; else the manifest's")
    revision: str | None = Field(None, pattern=NAME_PATTERN, description="else the digest's first 12 digits")
    body_limit_bytes: int = Field(16 * 2**20, ge=1024)
    row_limit: int = Field(16_384, ge=1, description="rows in one request")
    inference_threads: int = Field(2, ge=1, le=256, description="runs of the model at the same time")
    batch_rows: int = Field(64, ge=1, le=16_384, description="of several requests in one run; 1: each has its own")
    fast_path: bool = Field(True, description="REST inference passes the web framework by")
    workers: int = Field(1, ge=1, le=256, description="processes that share the ports")
    queue_limit: int = Field(256, ge=1, le=4096, description="requests that wait or are worked on; the next gets 429")
    deadline_seconds: float = Field(30.0, gt=0, le=3600, description="then a request without an answer gets 504")
    intra_op_threads: int = Field(1, ge=1, le=256, description="threads inside one operator of one inference")
    inter_op_threads: int = Field(1, ge=1, le=256, description="operators of one inference side by side")
    keep_alive_seconds: int = Field(75, ge=1, description="longer than a gateway keeps an idle connection")
    drain_seconds: float = Field(5.0, ge=0, le=3600, description="answers go on that long after SIGTERM")
    finish_seconds: int = Field(20, ge=1, le=3600, description="then requests in flight have that long")

    def __init__(self, **given: Any) -> None:
        known = [f"{_PREFIX}{name}".upper() for name in type(self).model_fields]
        for name in os.environ:
            if name.upper().startswith(_PREFIX) and name.upper() not in known:
                nearest = get_close_matches(name.upper(), known, n=1, cutoff=0)[0]
                raise SettingsError(f"{name} is no setting of a predictor; the nearest one is {nearest}")
        try:
            super().__init__(**given)
        except ValidationError as error:
            first = error.errors()[0]
            name = f"{_PREFIX}{first['loc'][0]}".upper()
            raise SettingsError(f"{name}={first['input']}: {first['msg']}") from error
