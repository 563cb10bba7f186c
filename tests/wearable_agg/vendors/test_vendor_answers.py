"""A wrong shape is named by its path; numbers are read however they are written."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wearable_agg.vendors.answers import Part, read
from wearable_agg.vendors.errors import Unusable


def test_path_names_where_the_shape_is_wrong() -> None:
    answer = read(b'{"points": [{"rate": "72"}, {"rate": {}}]}')
    with pytest.raises(Unusable) as fault:
        [point.member("rate").integer() for point in answer.member("points").items()]
    assert fault.value.path == "$.points[1].rate"


def test_missing_member_is_named() -> None:
    with pytest.raises(Unusable) as fault:
        read(b'{"a": {}}').member("a").member("b")
    assert (fault.value.path, fault.value.reason) == ("$.a.b", "missing")


def test_null_is_absent() -> None:
    assert read(b'{"a": null}').find("a") is None


@given(st.integers(min_value=-(10**18), max_value=10**18))
def test_whole_numbers_are_read_from_numbers_and_strings(number: int) -> None:
    assert Part(number).integer() == Part(str(number)).integer() == number


@pytest.mark.parametrize("value", [True, None, [], {}, "", "x", "NaN", "Infinity", "1e999", 1e300])
def test_what_is_no_number_is_refused(value: object) -> None:
    with pytest.raises(Unusable):
        Part(value).number()


def test_fraction_is_not_a_whole_number() -> None:
    assert Part("2.50").number() == Decimal("2.5")
    with pytest.raises(Unusable):
        Part("2.50").integer()
