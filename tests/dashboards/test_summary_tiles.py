from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from dash.development.base_component import Component

from dashboards.facts import facts
from dashboards.parts import accounts
from dashboards.reading import Look
from dashboards.services import Analysed, RhythmRead
from dashboards.summary import Tile, tiles
from tests.dashboards.fake_services import NOW, verdicts

See = Callable[..., Look]


def tile(seen: Look, label: str) -> Tile:
    (found,) = [tile for tile in tiles(seen) if tile.label == label]
    return found


def with_rhythm(seen: Look, hours: float, fibrillating: float, *, ongoing: bool = False) -> Look:
    assert isinstance(seen.rhythm, RhythmRead)
    first = seen.rhythm.episodes[0]
    end = None if ongoing else first.start + timedelta(minutes=24)
    looked_at = Analysed(hours * 3600, hours * 3600, fibrillating * 3600)
    rhythm = RhythmRead((replace(first, end=end),), looked_at, seen.rhythm.before)
    return replace(seen, rhythm=rhythm)


def test_burden_is_a_share_of_analysable_time(see: See) -> None:
    found = tile(with_rhythm(see(), hours=100, fibrillating=5), "AFib burden")
    assert (found.value, found.unit) == ("5.0", "% of 100 h analysed")
    assert found.note.startswith("1 episode · ")


def test_burden_is_compared_with_that_of_the_equal_period_before(see: See) -> None:
    seen = with_rhythm(see(), hours=100, fibrillating=5)
    assert isinstance(seen.rhythm, RhythmRead)
    less_before = replace(seen.rhythm, before=Analysed(360_000, 360_000, 7_200))
    assert (
        tile(replace(seen, rhythm=less_before), "AFib burden").note == "1 episode · +3.0 vs prior"
    )
    nothing_before = replace(seen.rhythm, before=Analysed())
    found = tile(replace(seen, rhythm=nothing_before), "AFib burden")
    assert found.note == "1 episode · no prior period"


def test_an_hour_of_ecg_shows_episodes_and_no_percentage(see: See) -> None:
    found = tile(with_rhythm(see(), hours=1, fibrillating=0.4), "Possible AFib")
    assert (found.value, found.unit) == ("1", "episode · longest 24 min")
    assert found.note == "1 h analysed (burden needs 24 h)"


def test_an_ongoing_episode_is_called_so(see: See) -> None:
    found = tile(with_rhythm(see(), hours=1, fibrillating=0.4, ongoing=True), "Possible AFib")
    assert found.unit == "episode, ongoing"


def test_without_an_ecg_nothing_is_claimed(see: See) -> None:
    seen = replace(see(), rhythm=RhythmRead((), Analysed(), Analysed()))
    assert tile(seen, "AFib burden") == Tile("AFib burden", "–", "", "no ECG or beats recorded")


def test_verdicts_on_single_recordings_are_told_apart_from_episodes(see: See) -> None:
    told = "single verdicts"
    assert f"21 episodes · 3 {told} · " in tile(see(), "AFib burden").note
    without_stream = replace(see(), rhythm=RhythmRead((), Analysed(), Analysed(), verdicts()))
    found = tile(without_stream, "Possible AFib")
    assert (found.value, found.unit, found.alert) == ("3", told, True)


def test_numbers_carry_their_days_and_the_change(see: See) -> None:
    found = tile(see(), "Resting HR")
    assert found.unit == "bpm"
    assert found.note.startswith("−")
    assert found.note.endswith(" vs prior · 87/90 d")


def test_a_year_has_no_prior_period_here(see: See) -> None:
    assert tile(see(days=365), "Resting HR").note == "no prior period · 362/365 d"


def test_hrv_names_its_statistic(see: See) -> None:
    assert tile(see(), "HRV (RMSSD)").unit == "ms"


def test_sleep_counts_its_nights(see: See) -> None:
    found = tile(see(), "Sleep")
    assert (found.unit, found.note.split(" · ")[-1]) == ("per night", "87/90 d")
    assert " h " in found.value


def test_today_is_not_counted_as_not_worn(see: See) -> None:
    assert tile(see(days=14), "Wear time").note == "0 days without data"


def test_without_a_wearable_there_are_no_numbers(see: See) -> None:
    shown = [found.value for found in tiles(see(linked=False))[1:]]
    assert shown == ["–"] * 5


def test_what_a_device_cannot_measure_is_not_called_missing(see: See) -> None:
    seen = see(never_tells=("resting_heart_rate",))
    assert tile(seen, "Resting HR").note == "not measured by Pixel Watch 3"
    assert tile(seen, "Steps").value != "–"


def test_history_that_is_still_coming_in_is_no_missing_data(see: See) -> None:
    seen = see(fetched_back_to=NOW - timedelta(days=5))
    coming = "history still coming in"
    assert tile(seen, "Wear time").note == coming
    assert tile(seen, "HRV (RMSSD)").note == coming
    assert text(accounts(seen, NOW)) == f"Pixel Watch 3 · {coming}, back to 15 Nov 2026"
    assert [one.title for one in facts(seen, NOW) if one.title.startswith("No data")] == []
    assert tile(see(days=14, fetched_back_to=NOW - timedelta(days=40)), "HRV (RMSSD)").value != "–"


def text(shown: list[Component]) -> str:
    return " ".join(str(one.children) for one in shown)


def test_a_missing_part_is_not_zero(see: See) -> None:
    assert tile(see(missing={"Rhythm"}), "AFib burden").note == "not available now"


def test_the_median_is_of_the_range_alone(see: See) -> None:
    assert tile(see(days=14), "Resting HR").value == "51"
    assert see(days=14).today == NOW.date()
