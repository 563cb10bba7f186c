from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pandas as pd
import plotly.graph_objects as go
import pytest

from clinical.medications import Order, Source
from dashboards.figures import Figure
from tests.dashboards.fake_services import TODAY

Draw = Callable[..., Figure]


def texts(figure: Figure) -> str:
    return "\n".join(note["text"] for note in figure["layout"]["annotations"])


def trace(figure: Figure, name: str) -> Figure:
    (found,) = [t for t in figure["data"] if t.get("name") == name]
    return found


def place_of(day: str, daily: Figure) -> int:
    noons = pd.date_range(daily["x0"], periods=len(daily["y"]), freq=f"{daily['dx']}ms")
    return noons.get_loc(pd.Timestamp(f"{day}T12:00:00"))


def bars(figure: Figure, name: str) -> list[Figure]:
    return [t for t in figure["data"] if t.get("name") == name and t["yaxis"] == "y"]


def only(status: str, **facts: object) -> list[Order]:
    return [Order("MedicationRequest/1", "Digoxin", status, intent="order", **facts)]  # type: ignore[arg-type]


@pytest.mark.parametrize("days", [14, 30, 90, 365])
@pytest.mark.parametrize("compact", [False, True])
def test_plotly_accepts_every_property(draw: Draw, days: int, compact: bool) -> None:
    figure = draw(days=days, compact=compact)
    assert go.Figure(figure).layout.height == figure["layout"]["height"]


def test_all_rows_share_one_time_axis(draw: Draw) -> None:
    figure = draw()
    assert {t["xaxis"] for t in figure["data"]} == {"x"}
    assert {t["yaxis"] for t in figure["data"]} == {"y", *(f"y{n}" for n in range(2, 8))}


def test_rows_do_not_overlap(draw: Draw) -> None:
    layout = draw()["layout"]
    domains = sorted(layout[key]["domain"] for key in layout if key.startswith("yaxis"))
    assert all(a[1] < b[0] for a, b in pairwise(domains))
    assert domains[-1][1] == pytest.approx(1)


def test_the_window_is_the_range_of_local_days(draw: Draw) -> None:
    assert draw(days=14)["layout"]["xaxis"]["range"] == [
        "2026-11-07T00:00:00",
        "2026-11-21T00:00:00",
    ]


def test_a_dose_is_a_bar_and_a_higher_one_is_higher(draw: Draw) -> None:
    doses = sorted(bars(draw(), "Metoprolol succinate"), key=lambda dose: dose["base"])
    assert [dose["base"] for dose in doses] == [
        ["2026-09-11T00:00:00"],
        ["2026-10-10T00:00:00"],
        ["2026-11-06T00:00:00"],
    ]
    heights = [dose["width"] for dose in doses]
    assert heights == sorted(heights)
    assert heights[0] < heights[-1]


def test_patient_reported_is_hatched(draw: Draw) -> None:
    figure = draw()
    assert "pattern" in bars(figure, "Sertraline")[0]["marker"]
    assert "pattern" not in bars(figure, "Lisinopril")[0]["marker"]


def test_bars_that_run_past_the_window_carry_signs(draw: Draw) -> None:
    assert texts(draw(days=14)).count("‹") == 4
    assert texts(draw(days=14)).count("›") == 4


def test_a_drug_of_the_past_year_keeps_its_lane_and_says_when_it_ended(draw: Draw) -> None:
    figure = draw(days=14)
    assert bars(figure, "Diltiazem ER") == []
    assert "ended 10 Sep 2026" in texts(figure)
    assert figure["layout"]["height"] == draw(days=365)["layout"]["height"]


def test_a_drug_of_years_ago_has_no_lane(draw: Draw) -> None:
    figure = draw(drugs=only("stopped", start=TODAY - timedelta(900), end=TODAY - timedelta(800)))
    assert "Digoxin" not in texts(figure)
    assert "None in the past year" in texts(figure)


def test_an_unknown_end_is_a_question_mark_and_hollow(draw: Draw) -> None:
    figure = draw(drugs=only("stopped", start=TODAY - timedelta(days=30)))
    assert "<b>?</b>" in texts(figure)
    assert bars(figure, "Digoxin")[0]["marker"]["color"] == "rgba(0,0,0,0)"


@pytest.mark.parametrize(("days", "said"), [(90, "dose not stated, on hold"), (9, "on hold")])
def test_a_drug_on_hold_says_so_on_its_empty_bar(draw: Draw, days: int, said: str) -> None:
    figure = draw(drugs=only("on-hold", start=TODAY - timedelta(days=days)))
    notes = [note["text"] for note in figure["layout"]["annotations"]]
    assert said in notes


def test_an_unknown_start_is_a_question_mark(draw: Draw) -> None:
    assert "<b>?</b>" in texts(draw(drugs=only("active", source=Source.REPORTED)))


def test_a_drug_to_come_is_not_drawn_yet(draw: Draw) -> None:
    figure = draw(drugs=only("active", start=TODAY + timedelta(days=3)))
    assert "None in the past year" in texts(figure)


@pytest.mark.threat("T21")
def test_names_from_the_chart_cannot_write_markup(draw: Draw) -> None:
    orders = [Order("1", "<a href='x'>Drug</a>", "active", start=TODAY - timedelta(days=9))]
    assert "<a" not in json.dumps(draw(drugs=orders))


def test_dose_changes_of_slowing_drugs_are_guides_through_the_heart_rate(draw: Draw) -> None:
    shapes = draw()["layout"]["shapes"]
    guides = [s["x0"] for s in shapes if s["type"] == "line" and s["yref"] == "y3 domain"]
    assert guides == ["2026-10-10T00:00:00", "2026-11-06T00:00:00"]


def test_a_guide_without_room_keeps_its_line_and_loses_its_words(draw: Draw) -> None:
    figure = draw(days=365)
    assert "Metoprolol → 50 mg" not in texts(figure)
    assert "Metoprolol → 100 mg" in texts(figure)


def test_time_not_worn_is_shaded_in_every_wearable_row(draw: Draw) -> None:
    shades = [s for s in draw()["layout"]["shapes"] if s["x0"] == "2026-10-19T00:00:00"]
    assert {s["yref"] for s in shades} == {f"y{n} domain" for n in range(3, 8)}
    assert {s["x1"] for s in shades} == {"2026-10-22T00:00:00"}


def test_days_without_a_value_stay_empty(draw: Draw) -> None:
    resting = trace(draw(), "Resting HR")
    hole = place_of("2026-10-20", resting)
    assert resting["y"][hole] is None
    assert resting["connectgaps"] is False


def test_a_year_of_days_is_drawn_as_areas_with_the_same_values(draw: Draw) -> None:
    few, many = trace(draw(days=90), "Steps"), trace(draw(days=365), "Steps")
    assert (few["type"], many["type"], many["line"]["shape"]) == ("bar", "scatter", "hv")
    assert many["y"][-91:] == [*few["y"], few["y"][-1]]
    assert many["x0"] == "2025-11-21T00:00:00"


def test_the_heart_rate_range_of_a_year_stands_on_its_minimum(draw: Draw) -> None:
    figure = draw(days=365)
    stack = [t for t in figure["data"] if t.get("stackgroup") == "y3"]
    assert [t["name"] for t in stack] == ["", "HR range"]
    low, high = stack[0]["y"][-1], stack[0]["y"][-1] + stack[1]["y"][-1]
    assert f"Heart rate {low:.0f}–{high:.0f} bpm" in said_of(figure, "2026-11-20")


def test_a_short_episode_is_wide_enough_to_see(draw: Draw) -> None:
    (episodes,) = [t for t in draw(days=365)["data"] if t["yaxis"] == "y2" and "base" in t]
    assert min(episodes["x"]) == pytest.approx(365 * 86_400_000 * 0.004)


def test_an_episode_of_today_stays_inside_the_window(draw: Draw) -> None:
    (episodes,) = [t for t in draw(days=365)["data"] if t["yaxis"] == "y2" and "base" in t]
    assert max(episodes["base"]) < "2026-11-20"


def test_verdicts_on_recordings_stand_in_the_rhythm_row(draw: Draw) -> None:
    (marks,) = [
        t
        for t in draw()["data"]
        if t["yaxis"] == "y2"
        and "marker" in t
        and "y" in t
        and t["type"] == "scatter"
        and "symbol" in t["marker"]
    ]
    assert len(marks["x"]) == 6
    assert marks["marker"]["symbol"] == [
        "diamond",
        "circle-open",
        "circle-open",
        "diamond-open",
        "x-thin-open",
        "diamond",
    ]


def said_of(figure: Figure, day: str) -> str:
    """What hovering over a day says."""
    (read,) = [t for t in figure["data"] if t["yaxis"] == "y2" and "text" in t]
    place = place_of(day, read)
    assert (read["hoverinfo"][place] == "none") == (not read["text"][place])
    return str(read["text"][place])


def test_a_day_tells_its_own_verdicts_and_no_others(draw: Draw) -> None:
    figure = draw()
    assert said_of(figure, "2026-11-11").startswith(
        "<b>Possible irregular rhythm, from the pulse</b><br>11 Nov"
    )
    assert "<b>" not in said_of(figure, "2026-11-12")
    assert said_of(figure, "2026-11-18").count("<b>") == 2


def test_a_day_not_worn_reads_out_no_values(draw: Draw) -> None:
    for days in (90, 365):
        assert said_of(draw(days=days), "2026-10-21") == "Not worn"


def test_episodes_are_named_possible_and_in_local_time(draw: Draw) -> None:
    said = said_of(draw(), "2026-11-20")
    assert said.startswith("<b>Possible AFib, not confirmed</b><br>since 20 Nov 15:06 · 24 min")


def test_single_verdicts_are_counted_apart_from_episodes(draw: Draw) -> None:
    assert "21 in range<br>3 single verdicts ◆◇" in texts(draw())


def test_the_baseline_before_treatment_is_dotted(draw: Draw) -> None:
    dotted = [s for s in draw()["layout"]["shapes"] if s.get("line", {}).get("dash") == "dot"]
    assert [s["y0"] for s in dotted] == [68.0]


def test_a_patient_without_medications_reads_so(draw: Draw) -> None:
    assert "No medications on record" in texts(draw(drugs=[]))


def test_gaps_in_the_record_do_not_read_as_no_medications(draw: Draw) -> None:
    said = texts(draw(drugs=[], gaps=("2 statements could not be read: 403",)))
    assert "No medications in the part of the record that could be read" in said


def test_a_patient_without_a_wearable_reads_so(draw: Draw) -> None:
    assert "No wearable linked" in texts(draw(linked=False))


def test_missing_parts_are_not_drawn_as_empty(draw: Draw) -> None:
    said = texts(draw(missing={"Medications", "Wearable data", "Rhythm"}))
    assert "Medications could not be read" in said
    assert "Wearable data could not be read" in said
    assert "Not available now" in said
    assert "none in range" not in said


def test_a_year_stays_small_on_the_wire(draw: Draw) -> None:
    assert len(json.dumps(draw(days=365))) < 250_000
