"""Which key, and which certificates, a program of ours shows to the servers that it asks: variables of the environment,
or of a file `.env` in the working directory.

The only module of this room that reads the environment. A key is never an option: a command line can be read by all.
"""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from access.errors import OwnKeyNotUsable

PREFIX = "ASSAY_"


class CallerSettings(BaseSettings):
    """What a program of ours shows to the servers that it asks. A key in here shows itself to nobody who prints it."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", frozen=True, extra="ignore")

    api_key: SecretStr | None = Field(None, description="the key that predictors, a console or a gateway are shown")
    api_key_file: Path | None = Field(None, description="a file with it")
    ca_file: Path | None = Field(None, description="authorities that sign their certificates; else the usual ones")
    client_certificate: Path | None = Field(None, description="PEM, shown to servers that want one (mTLS)")
    client_key: Path | None = Field(None, description="PEM, of that certificate")

    @classmethod
    def read(cls) -> Self:
        """What the environment says now. Raises OwnKeyNotUsable for what is no path."""
        try:
            return cls()
        except (ValidationError, UnicodeDecodeError):
            raise OwnKeyNotUsable(f"a variable {PREFIX}API_KEY… cannot be read; expected text, or a path") from None

    def key(self) -> str:
        """The key; empty where none is set. Raises OwnKeyNotUsable where there are two, or its file cannot be read."""
        given = self.api_key.get_secret_value() if self.api_key else ""
        if self.api_key_file is None:
            return _checked(given, f"{PREFIX}API_KEY") if given else ""
        if given:
            raise OwnKeyNotUsable(f"{PREFIX}API_KEY and {PREFIX}API_KEY_FILE are both set; expected one of them")
        try:
            content = self.api_key_file.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            why = (error.strerror or "unreadable") if isinstance(error, OSError) else "it is no text"
            raise OwnKeyNotUsable(f"{PREFIX}API_KEY_FILE={self.api_key_file} cannot be read: {why}") from None
        return _checked(content, f"{PREFIX}API_KEY_FILE={self.api_key_file}")


def _checked(key: str, where: str) -> str:
    if not key or not key.isascii() or not key.isprintable() or " " in key:
        raise OwnKeyNotUsable(f"{where} holds no key; expected one line, as `assay keys create` prints it")
    return key


def caller_variables() -> frozenset[str]:
    """The names of all variables by which a caller is told apart."""
    return frozenset(f"{PREFIX}{name}".upper() for name in CallerSettings.model_fields)
