import json
from pathlib import Path

import pytest

from predictor.errors import SettingsError
from predictor.settings import PredictorSettings


def test_what_is_given_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_HTTP_PORT", "8001")
    monkeypatch.setenv("ASSAY_REVISION", "from-environment")
    settings = PredictorSettings(http_port=8002)
    assert (settings.http_port, settings.revision, settings.host) == (8002, "from-environment", "127.0.0.1")


def test_an_unknown_variable_is_an_error_that_names_the_nearest_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_DRAIN", "1")
    with pytest.raises(SettingsError, match=r"ASSAY_DRAIN is no setting .* nearest one is ASSAY_DRAIN_SECONDS"):
        PredictorSettings()


def test_the_variables_of_the_database_are_no_settings_of_a_predictor_and_no_mistake(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ASSAY_DATABASE_URL", "postgresql://me:secret@somewhere/records")
    monkeypatch.setenv("ASSAY_DATABASE_CONSOLE_PASSWORD", "secret")
    settings = PredictorSettings(record="database")
    assert settings.record == "database"
    assert "secret" not in settings.model_dump_json()
    monkeypatch.setenv("ASSAY_DATABASE_URI", "x")
    with pytest.raises(SettingsError, match="ASSAY_DATABASE_URI is no setting of a predictor"):
        PredictorSettings()


def test_where_a_training_is_tracked_is_no_mistake_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_TRACKING_URL", "sqlite:///build/tracking.db")
    assert PredictorSettings().http_port == 8000
    monkeypatch.setenv("ASSAY_TRACKING_URI", "x")
    with pytest.raises(SettingsError, match="ASSAY_TRACKING_URI is no setting of a predictor"):
        PredictorSettings()


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(SettingsError, match="ASSAY_PORT=1: Extra inputs are not permitted"):
        PredictorSettings(port=1)


def test_what_was_read_is_the_same_in_another_process_whatever_is_set_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [PredictorSettings(), PredictorSettings(models_dir=tmp_path, workers=2, record_spool_dir=tmp_path)]
    told = [json.loads(json.dumps(one.model_dump(mode="json"))) for one in given]
    monkeypatch.setenv("ASSAY_WORKERS", "3")
    (tmp_path / ".env").write_text("MODELS_DIR=/in/file\nASSAY_GRPC_PORT=9000\n")
    assert [PredictorSettings(**one) for one in told] == given


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        PredictorSettings().http_port = 1  # type: ignore[misc]  # that it is refused is what is tested


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_file_in_the_working_directory_is_read_and_the_environment_wins_over_it(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / ".env").write_text("# ours\nASSAY_HTTP_PORT=8001\nassay_row_limit = 7\nASSAY_HOST='::1'\nOTHER=${HOME}\n")
    monkeypatch.setenv("ASSAY_HTTP_PORT", "8002")
    settings = PredictorSettings(host="127.0.0.2")
    assert (settings.http_port, settings.row_limit, settings.host) == (8002, 7, "127.0.0.2")


def test_an_unknown_variable_in_the_file_is_an_error_too(folder: Path) -> None:
    (folder / ".env").write_text("ASSAY_DRAIN=1\n")
    with pytest.raises(SettingsError, match="ASSAY_DRAIN is no setting "):
        PredictorSettings()


def test_models_dir_is_known_by_its_usual_name_too(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert PredictorSettings().models_dir is None
    (folder / ".env").write_text("MODELS_DIR=/in/file\n")
    assert PredictorSettings().models_dir == Path("/in/file")
    monkeypatch.setenv("MODELS_DIR", "/in/environment")
    assert PredictorSettings().models_dir == Path("/in/environment")
    monkeypatch.setenv("ASSAY_MODELS_DIR", "/ours")
    assert PredictorSettings().models_dir == Path("/ours")
    assert PredictorSettings(models_dir="/given").models_dir == Path("/given")
