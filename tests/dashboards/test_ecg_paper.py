from __future__ import annotations

import base64

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboards.figures import ecg_figure
from dashboards.services import Strip
from dashboards.theme import DARK, LIGHT
from tests.dashboards.fake_services import NOW, strip


def volts(trace: dict[str, dict[str, str]]) -> np.ndarray:
    return np.frombuffer(base64.b64decode(trace["y"]["bdata"]), dtype="<f4")


def test_one_millivolt_is_as_long_as_four_tenths_of_a_second() -> None:
    axis = ecg_figure(strip(NOW), LIGHT, compact=False).figure["layout"]["yaxis"]
    assert (axis["scaleanchor"], axis["scaleratio"]) == ("x", 0.4)


def test_the_grid_is_that_of_ecg_paper() -> None:
    layout = ecg_figure(strip(NOW), LIGHT, compact=False).figure["layout"]
    assert (layout["xaxis"]["dtick"], layout["xaxis"]["minor"]["dtick"]) == (0.2, 0.04)
    assert (layout["yaxis"]["dtick"], layout["yaxis"]["minor"]["dtick"]) == (0.5, 0.1)


@pytest.mark.parametrize(("compact", "rows"), [(False, 3), (True, 5)])
def test_thirty_seconds_fill_rows_without_losing_a_sample(compact: bool, rows: int) -> None:
    figure = ecg_figure(strip(NOW), LIGHT, compact=compact).figure
    traces = figure["data"][:-1]
    assert len(traces) == rows
    assert sum(len(volts(trace)) for trace in traces) == 7500


def test_a_few_samples_more_do_not_start_a_row() -> None:
    long = strip(NOW)
    long = Strip(NOW, 250, "I", "131329", [*long.samples, *long.samples[:20]])
    traces = ecg_figure(long, LIGHT, compact=False).figure["data"][:-1]
    assert [len(volts(trace)) for trace in traces] == [2500, 2500, 2520]


def test_the_shape_keeps_the_grid_square() -> None:
    paper = ecg_figure(strip(NOW), LIGHT, compact=False)
    width, height = (float(part) for part in paper.aspect.split("/"))
    layout = paper.figure["layout"]
    seconds = layout["xaxis"]["range"][1] - layout["xaxis"]["range"][0]
    millivolts = layout["yaxis"]["range"][1] - layout["yaxis"]["range"][0]
    assert width / height == pytest.approx(25 * seconds / (10 * millivolts))


def test_microvolts_are_drawn_as_millivolts_around_their_median() -> None:
    shifted = Strip(NOW, 250, "I", "131329", [5000, 5000, 6000, 5000])
    (trace, _) = ecg_figure(shifted, LIGHT, compact=False).figure["data"]
    assert volts(trace).tolist() == [0.0, 0.0, 1.0, 0.0]


def test_plotly_accepts_every_property() -> None:
    figure = ecg_figure(strip(NOW), DARK, compact=True).figure
    assert len(go.Figure(figure).data) == 6
