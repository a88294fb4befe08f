"""docs/console.md names every setting, every door and every metric."""

import re
from pathlib import Path

import pytest

from access.errors import NotWithoutKeys
from console.errors import SettingsError
from console.listener import open_socket
from console.settings import PREFIX, ConsoleSettings
from tests.console.conftest import WiredApp

PAGE = (Path(__file__).parents[2] / "docs" / "console.md").read_text()


def test_every_setting_is_documented() -> None:
    documented = set(re.findall(rf"`({PREFIX}[A-Z_]+)`", PAGE))
    assert documented == {f"{PREFIX}{name}".upper() for name in ConsoleSettings.model_fields}


def test_every_door_and_metric_is_documented(unchanged: WiredApp) -> None:
    doors = re.findall(r"`(?:GET|PUT|POST|HEAD) (/[^`]*)`", PAGE)
    described = unchanged.client.get("/openapi.json").json()["paths"]
    assert set(described) <= set(doors)
    metrics = set(re.findall(r"`(assay_console_[a-z_]+)", PAGE))
    counted = set(re.findall(r"^# TYPE (assay_console_\w+) ", unchanged.client.get("/metrics").text, re.MULTILINE))
    assert {name for name in counted if not name.endswith("_created")} == metrics


def test_a_setting_that_nobody_knows_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_CONSOLE_GATEWAYPORT", "1")
    with pytest.raises(SettingsError, match="ASSAY_CONSOLE_GATEWAYPORT is no setting of a console; the nearest one is"):
        ConsoleSettings()
    monkeypatch.delenv("ASSAY_CONSOLE_GATEWAYPORT")
    monkeypatch.setenv("ASSAY_CONSOLE_PORT", "-1")
    with pytest.raises(SettingsError, match="ASSAY_CONSOLE_PORT=-1: Input should be"):
        ConsoleSettings()


def test_it_listens_where_others_reach_it_only_when_told() -> None:
    with pytest.raises(NotWithoutKeys, match="expected ASSAY_CONSOLE_KEYS_FILE, a file that"):
        open_socket("0.0.0.0", 0, has_keys=False, without_keys=False)  # noqa: S104
    open_socket("0.0.0.0", 0, has_keys=False, without_keys=True).close()  # noqa: S104
    open_socket("127.0.0.1", 0, has_keys=False, without_keys=False).close()
