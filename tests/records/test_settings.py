"""The URL and the passwords come from the environment, a file .env, or files of their own, and are shown to nobody."""

from pathlib import Path

import pytest

from records.errors import DatabaseNotSet
from records.settings import DatabaseSettings, known_variables

URL = "postgresql://me:secret@somewhere/records"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in known_variables():
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_the_url_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_DATABASE_URL", URL)
    settings = DatabaseSettings.read()
    assert settings.database_url() == URL
    assert "secret" not in f"{settings!r} {settings.model_dump_json()}"


def test_or_from_a_file_that_it_names(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "secret").write_text(f"{URL}\n")
    monkeypatch.setenv("ASSAY_DATABASE_URL_FILE", str(folder / "secret"))
    assert DatabaseSettings.read().database_url() == URL


def test_or_from_a_file_in_the_working_directory(folder: Path) -> None:
    (folder / ".env").write_text(f"ASSAY_DATABASE_URL={URL}\nASSAY_HTTP_PORT=8001\nASSAY_DATABASE_CONSOLE_PASSWORD=x\n")
    settings = DatabaseSettings.read()
    assert (settings.database_url(), settings.password_of("console")) == (URL, "x")
    assert settings.password_of("analyst") is None


def test_none_is_an_error_that_says_what_to_set() -> None:
    with pytest.raises(DatabaseNotSet, match=r"expected ASSAY_DATABASE_URL, such as sqlite:///build/records.db or"):
        DatabaseSettings.read().database_url()


def test_both_are_an_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_DATABASE_ANALYST_PASSWORD", "secret")
    monkeypatch.setenv("ASSAY_DATABASE_ANALYST_PASSWORD_FILE", str(folder / "secret"))
    with pytest.raises(DatabaseNotSet, match=r"ASSAY_DATABASE_ANALYST_PASSWORD and .*_FILE are both set"):
        DatabaseSettings.read().password_of("analyst")


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "cannot be read: No such file"), (b"\n", "is empty; expected one line"), (b"\xff", "it is no text")],
)
def test_a_file_without_a_secret_is_an_error_that_names_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, said: str
) -> None:
    if content is not None:
        (folder / "secret").write_bytes(content)
    monkeypatch.setenv("ASSAY_DATABASE_URL_FILE", str(folder / "secret"))
    with pytest.raises(DatabaseNotSet, match=f"ASSAY_DATABASE_URL_FILE={folder}/secret .*{said}"):
        DatabaseSettings.read().database_url()
