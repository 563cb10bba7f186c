from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import plotly.graph_objects as go
import pytest
from plotly.utils import PlotlyJSONEncoder

from dashboards.desk import Desk
from dashboards.figures import tachogram_figure
from dashboards.recent import Recent
from dashboards.services import Beat, Beats
from dashboards.theme import DARK, LIGHT
from tests.dashboards.fake_services import NOW, PATH, FakeServices, beats

VIEWPORT = {"theme": "light", "compact": False, "visit": "v"}


def test_intervals_stand_at_their_beats_in_seconds_from_the_onset() -> None:
    told = Beats(NOW, (Beat(0, None, None), Beat(800, 800, None), Beat(4000, None, True)))
    (trace,) = tachogram_figure(told, NOW + timedelta(seconds=1), LIGHT)["data"]
    assert trace["x"] == [-1.0, -0.2, 3.0]
    assert trace["y"] == [None, 800, None]
    assert trace["connectgaps"] is False
    assert trace["marker"]["symbol"] == ["circle", "circle", "x"]


def test_the_scale_holds_every_interval() -> None:
    told = Beats(NOW, (Beat(0, None, None), Beat(2900, 2900, None)))
    layout = tachogram_figure(told, NOW, LIGHT)["layout"]
    assert layout["yaxis"]["range"] == [200, 3000]


def test_plotly_accepts_every_property() -> None:
    assert len(go.Figure(tachogram_figure(beats(NOW), NOW, DARK)).data) == 1


@pytest.fixture
def services() -> FakeServices:
    fake = FakeServices()
    without = {"has_strip": False, "has_beats": True, "beats_alone": True}
    fake.kept["now"] = replace(fake.kept["now"], **without)
    return fake


def test_the_panel_shows_beats_and_says_that_there_is_no_ecg(services: FakeServices) -> None:
    panel, drawn = Desk(services, Recent(services), lambda: NOW).ecg(PATH, "now", VIEWPORT)
    said = json.dumps(panel, cls=PlotlyJSONEncoder, ensure_ascii=False)
    assert drawn == "now"
    assert "Heart beats, no ECG" in said
    assert "there is no ECG to look at" in said
    assert "220 beats around the onset" in said
    assert "ECG" not in services.calls


def test_beats_that_cannot_be_read_are_asked_for_again(services: FakeServices) -> None:
    services.missing.add("Heart beats")
    panel, drawn = Desk(services, Recent(services), lambda: NOW).ecg(PATH, "now", VIEWPORT)
    assert drawn is None
    assert "no answer" in json.dumps(panel, cls=PlotlyJSONEncoder)
