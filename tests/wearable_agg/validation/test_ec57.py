"""The comparisons of EC57, on cases small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from wearable_agg.validation.annotations import Annotations, Reference, between, labelled
from wearable_agg.validation.ec57 import Beats, Episodes, compare_beats, compare_episodes
from wearable_agg.validation.figures import figures
from wearable_agg.validation.scoring import ALARMS, Alarm, Detected, Tally, added, score
from wearable_agg.validation.tables import as_json, clock_time, rhythm_table
from wearable_agg.validation.windows import Windows, compare_windows

LONG = (300.0, 4000.0)


def beats(*times: float) -> np.ndarray:
    return np.array(times, np.float64)


def test_a_beat_matches_within_150_ms_and_only_once() -> None:
    made = compare_beats(beats(1.0, 2.0, 3.0), beats(1.149, 1.05, 2.151, 3.0))
    assert made == Beats(found=2, missed=1, false=2)


def test_ventricular_flutter_is_left_out_of_beats() -> None:
    made = compare_beats(beats(1.0, 5.0, 9.0), beats(1.0, 5.5, 6.0), [(4.0, 7.0)])
    assert made == Beats(found=1, missed=1, false=0)


def test_any_overlap_makes_an_episode_a_match() -> None:
    made = compare_episodes([(400, 500), (600, 700)], [(499, 650), (900, 950)], (), LONG)
    assert made == Episodes(2, 0, 1, 1, 51, 200, 201)


def test_touching_is_no_overlap() -> None:
    assert compare_episodes([(400, 500)], [(500, 600)], (), LONG)[:4] == (0, 1, 0, 1)


def test_the_first_five_minutes_are_not_compared() -> None:
    made = compare_episodes([(0, 200), (250, 400)], [(100, 299), (280, 350)], (), LONG)
    assert made == Episodes(1, 0, 1, 0, 50, 100, 50)


def test_flutter_neither_counts_for_nor_against() -> None:
    flutter = [(500.0, 600.0)]
    inside = compare_episodes([(700, 800)], [(510, 590), (700, 800)], flutter, LONG)
    assert inside == Episodes(1, 0, 1, 0, 100, 100, 100)
    across = compare_episodes([], [(450, 650)], flutter, LONG)
    assert across == Episodes(0, 0, 0, 1, 0, 0, 100)


def test_short_reference_episodes_can_be_left_out_of_sensitivity() -> None:
    made = compare_episodes([(400, 450), (600, 800)], [(420, 560)], (), LONG, shortest=120)
    assert (made.found, made.missed, made.right, made.false) == (0, 1, 1, 0)


def test_an_unended_label_lasts_to_the_end() -> None:
    notes = Annotations(beats(1, 5, 7, 9), ["+", "+", "N", "+"], ["(AFIB\x00", "(N", "", "(AFIB"])
    assert labelled(notes, "(AFIB", 20.0) == ((1.0, 5.0), (9.0, 20.0))
    assert labelled(notes, "(AFIB", 0.0)[-1] == (9.0, 9.0)


def test_flutter_is_not_fibrillation() -> None:
    notes = Annotations(beats(1, 5, 9), ["+", "+", "+"], ["(AFIB", "(AFL", "(N"])
    assert labelled(notes, "(AFIB", 20.0) == ((1.0, 5.0),)
    assert labelled(notes, "(AFL", 20.0) == ((5.0, 9.0),)


def test_a_ventricular_flutter_that_does_not_close_lasts_to_the_end() -> None:
    notes = Annotations(beats(1, 5, 9), ["[", "]", "["], ["", "", ""])
    assert between(notes, "[", "]", 20.0) == ((1.0, 5.0), (9.0, 20.0))


def test_windows_are_judged_by_majority_of_what_could_be_analysed() -> None:
    reference = Reference(None, ((0.0, 46.0),), flutter=((90.0, 120.0),))
    test = [(0.0, 20.0), (35.0, 43.0), (95.0, 120.0)]
    made = compare_windows(reference, test, [(0.0, 46.0), (60.0, 74.0), (90.0, 120.0)], 130.0)
    # window 0 right; window 1 has 16 s analysable of which 8 are no majority; window 2 has 14 s
    assert made == Windows(true_positive=1, false_negative=1, flutter_positive=1)


def detected(**changes: object) -> Detected:
    alarm = Alarm(1000.0, 1300.0, 1040.0)
    values: dict[str, object] = {
        "seconds": 3900.0,
        "beats": None,
        "episodes": ((1000.0, 1300.0),),
        "alarms": dict.fromkeys(ALARMS, (alarm,)),
        "analysable": ((0.0, 3900.0),),
        "recorded_seconds": 3900.0,
        "analysable_seconds": 2925.0,
    }
    return Detected(**(values | changes))  # type: ignore[arg-type]


def test_figures_of_a_record_with_one_episode() -> None:
    made = figures(score(Reference(None, ((1010.0, 1310.0),)), detected()))
    assert made["beats"] == {"se": None, "ppv": None, "f1": None}
    assert made["episode"] == {"se": 100.0, "ppv": 100.0}
    assert made["duration"] == {"se": 96.67, "ppv": 96.67}
    assert made["false_per_patient_day"] == {"30": 0.0, "120": 0.0, "360": 0.0}
    assert made["latency_s"] == {"median": 30.0, "p90": 30.0}
    assert made["not_analysable_pct"] == 25.0


def test_false_alarms_count_per_day_that_was_compared() -> None:
    made = figures(score(Reference(None, ()), detected()))
    assert made["false_per_patient_day"]["120"] == pytest.approx(24.0)
    assert made["episode"] == {"se": None, "ppv": 0.0}
    assert made["window"] == {"se": None, "sp": 92.31, "sp_flutter_as_non_af": 92.31}


def test_flutter_has_a_second_figure() -> None:
    made = figures(score(Reference(None, (), flutter=((900.0, 1400.0),)), detected()))
    assert made["window"]["sp"] == 100.0
    assert made["window"]["sp_flutter_as_non_af"] == 92.31
    assert made["episode"]["ppv"] is None


def test_a_record_without_a_known_rhythm_gives_no_rhythm_figures() -> None:
    made = figures(score(Reference(None, None), detected()))
    assert made["window"] == {"se": None, "sp": None, "sp_flutter_as_non_af": None}
    assert made["false_per_patient_day"] == {"30": None, "120": None, "360": None}


def test_gross_figures_add_counts_up() -> None:
    one, two = Tally(beats=Beats(9, 1, 0)), Tally(beats=Beats(90, 0, 0))
    assert figures(added([one, two, Tally()]))["beats"]["se"] == 99.0


def test_json_and_tables_hold_every_record_and_the_gross() -> None:
    tallies = {"one": score(Reference(None, ((1010.0, 1310.0),)), detected())}
    made = as_json(tallies)
    assert made["gross"] == made["records"]["one"]
    assert [line.split()[0] for line in rhythm_table(tallies).splitlines() if line] == [
        "E,", "Record", "one", "Gross", "Record", "one", "Gross"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("seconds", "shown"), [(7919.7041, "2:11:59.704"), (86.768, "1:26.768"), (0.0, "0:00.000")]
)
def test_durations_are_written_as_in_the_standard(seconds: float, shown: str) -> None:
    assert clock_time(seconds) == shown
