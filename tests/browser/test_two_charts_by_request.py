"""Two tabs, two patients, one browser: the requests that Dash sends, in whatever order.

They go to the running web role with one cookie jar. An app that keeps the patient in the session is
played the same interleavings and must be found out.
"""

from __future__ import annotations

import pytest

from tests.conformance.browser import Browser
from tests.support.clinic import Clinic, acknowledgements, opened
from tests.support.http_tab import HttpTab
from tests.support.naive_app import NaiveHospital, NaiveTab
from tests.support.two_tabs import JONAS, MARIT, PEOPLE, crossings, interleavings

pytestmark = [pytest.mark.browser, pytest.mark.threat("T16")]

ACTS = 3


@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", [20, pytest.param(200, marks=pytest.mark.long)])
def test_interleavings_of_two_tabs_cross_nothing(clinic: Clinic, number: int) -> None:
    jar, site, played = Browser(), clinic.site, [*interleavings(number, ACTS)]
    tabs = [HttpTab(jar, site.ehr_url, site.web_url, one, clinic.report) for one in PEOPLE]
    assert crossings(opened([*tabs]), played) == []
    assert clinic.acknowledged() == acknowledgements(played)


def test_a_patient_kept_in_the_session_is_found_out(naive: NaiveHospital) -> None:
    jar = Browser()
    tabs = opened([NaiveTab(jar, naive.url, person) for person in PEOPLE])
    found = crossings(tabs, interleavings(200, ACTS))
    for act in ("refresh", "choose", "acknowledge", "back"):
        assert any(f"{act} of {MARIT.id} shows {JONAS.name}" in sign for sign in found)
