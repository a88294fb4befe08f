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


def test_an_unknown_name_is_an_error() -> None:
    with pytest.raises(SettingsError, match="ASSAY_PORT=1: Extra inputs are not permitted"):
        PredictorSettings(port=1)


def test_settings_do_not_change() -> None:
    with pytest.raises(ValueError, match="frozen"):
        PredictorSettings().http_port = 1  # type: ignore[misc]  # that it is refused is what is tested
