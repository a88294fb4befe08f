"""Which database, and the passwords of its roles: `ASSAY_DATABASE_` variables of the environment, or of a file `.env`
in the working directory. Each can be given as a file instead, whose path is in the variable of that name and `_FILE`.

The only module of this room that reads the environment. It imports no SQLAlchemy.
"""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from records.errors import DatabaseNotSet

PREFIX = "ASSAY_DATABASE_"


class DatabaseSettings(BaseSettings):
    """What is set. A password in here shows itself to nobody who prints it."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", frozen=True, extra="ignore")

    url: SecretStr | None = Field(None, description="sqlite:///FILE, or postgresql://USER:PASSWORD@HOST/DATABASE")
    url_file: Path | None = Field(None, description="a file with the URL in it")
    predictor_password: SecretStr | None = Field(None, description="of the role that inserts predictions")
    predictor_password_file: Path | None = Field(None, description="a file with it")
    analyst_password: SecretStr | None = Field(None, description="of the role that reads")
    analyst_password_file: Path | None = Field(None, description="a file with it")
    console_password: SecretStr | None = Field(None, description="of the role that keeps everything but predictions")
    console_password_file: Path | None = Field(None, description="a file with it")

    @classmethod
    def read(cls) -> Self:
        """What the environment says now. Raises DatabaseNotSet for what is no path."""
        try:
            return cls()
        except (ValidationError, UnicodeDecodeError) as error:
            raise DatabaseNotSet(
                f"a variable {PREFIX}… cannot be read; expected text, or the path of a file"
            ) from error

    @property
    def is_set(self) -> bool:
        """Whether a database is named at all."""
        return self.url is not None or self.url_file is not None

    def database_url(self) -> str:
        """The URL. Raises DatabaseNotSet where there is none, or two, or its file cannot be read."""
        if url := self._secret("url"):
            return url
        raise DatabaseNotSet(
            f"no database is set; expected {PREFIX}URL, such as sqlite:///build/records.db or "
            f"postgresql://USER:PASSWORD@HOST/DATABASE, or {PREFIX}URL_FILE, a file with it"
        )

    def password_of(self, role: str) -> str | None:
        """The password of `predictor`, `analyst` or `console`, if one is set. Raises DatabaseNotSet."""
        return self._secret(f"{role}_password")

    def _secret(self, name: str) -> str | None:
        given: SecretStr | None = getattr(self, name)
        path: Path | None = getattr(self, f"{name}_file")
        variable = f"{PREFIX}{name.upper()}"
        if given and path:
            raise DatabaseNotSet(f"{variable} and {variable}_FILE are both set; expected one of them")
        if path is None:
            return given.get_secret_value() if given else None
        try:
            content = path.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise DatabaseNotSet(f"{variable}_FILE={path} cannot be read: {_reason(error)}") from error
        if not content:
            raise DatabaseNotSet(f"{variable}_FILE={path} is empty; expected one line")
        return content


def _reason(error: OSError | UnicodeDecodeError) -> str:
    return (error.strerror or "unreadable") if isinstance(error, OSError) else "it is no text"


def known_variables() -> frozenset[str]:
    """The names of all variables that this room reads."""
    return frozenset(f"{PREFIX}{name}".upper() for name in DatabaseSettings.model_fields)
