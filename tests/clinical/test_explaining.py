"""A decision's numbers in a reader's words."""

from dataclasses import fields

import pytest

from clinical.explaining import measures, probability_text
from config.clinical import load
from wearable_agg.afib.types import Evidence


def test_every_number_of_a_decision_can_be_shown():
    assert {field.name for field in fields(Evidence)} == set(load("explaining")["measure"])


def test_numbers_come_in_one_order_and_form():
    shown = measures({"cosen": -0.93, "mode_share": 0.118, "entropy": 0.7312})
    assert [(each.label, each.text) for each in shown] == [
        ("RR alike", "12 %"),
        ("CoSEn", "−0.9"),
        ("RR entropy", "0.73"),
    ]


def test_a_number_that_is_not_known_here_is_left_out():
    assert measures({"of_another_version": 1.0}) == []


@pytest.mark.parametrize(
    ("probability", "text"), [(0.934, "93 %"), (0.999, "over 99 %"), (0.002, "under 1 %")]
)
def test_no_probability_is_certainty(probability, text):
    assert probability_text(probability) == text
