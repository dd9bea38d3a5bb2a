"""PANEL_GATEWAY_RATE: one number, with others by gateway."""

from __future__ import annotations

import pytest

from run402_panel.env import PanelEnv


@pytest.mark.parametrize(
    ("text", "rates"),
    [
        ("", {"": 20.0}),
        ("5", {"": 5.0}),
        ("cloud=0.5", {"": 20.0, "cloud": 0.5}),
        (" 0, cloud=5 ,sandbox=100", {"": 0.0, "cloud": 5.0, "sandbox": 100.0}),
    ],
)
def test_rates_are_read(monkeypatch: pytest.MonkeyPatch, text: str, rates: dict[str, float]) -> None:
    monkeypatch.setenv("PANEL_RATES", text)
    assert PanelEnv().rates("PANEL_RATES", 20.0) == rates


@pytest.mark.parametrize("text", ["fast", "cloud=", "-1", "cloud=nan", "1e9"])
def test_what_is_no_rate_stops_the_start_with_a_sentence(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("PANEL_RATES", text)
    with pytest.raises(SystemExit, match="PANEL_RATES must be a number of requests a second"):
        PanelEnv().rates("PANEL_RATES", 20.0)
