import re

import pytest

from tests.support.backend import bearer, link_person
from wearable_agg.vendors.protocol import VendorDown

JOBS = "SELECT kind FROM sync_jobs ORDER BY kind"


@pytest.fixture
def browser(world):
    return world.api().test_client()


@pytest.fixture
def invitation(world, browser):
    """The path of a new invitation for marit-solheim."""
    headers = bearer(world, "people.invite")
    url = browser.post("/api/v1/patient/invitations", headers=headers).get_json()["url"]
    return url.removeprefix("http://127.0.0.1:8411")


def leave(browser, invitation, vendor="band"):
    """Follow the button of a vendor; returns the state that the vendor is given."""
    answer = browser.get(f"{invitation}/{vendor}")
    assert answer.status_code == 303
    return re.search(r"state=([\w-]+)", answer.headers["Location"])[1]


def come_back(browser, state, code="good-code", vendor="band"):
    return browser.get(f"/link/callback/{vendor}?code={code}&state={state}")


def test_the_page_says_who_asks_what_for_and_offers_each_vendor(browser, invitation):
    page = browser.get(invitation)
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    for words in ("Dr Ingrid Lind", "Sandbox Hospital", "Heart rate", "I agree that", "Band"):
        assert words in text
    assert f'href="{invitation}/band"' in text


def test_the_page_gives_its_address_to_nobody(browser, invitation):
    headers = browser.get(invitation).headers
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_the_pages_style_is_served(browser):
    assert browser.get("/link/static/link.css").mimetype == "text/css"


def test_linking_stores_account_consent_and_first_jobs(world, browser, invitation):
    answer = come_back(browser, leave(browser, invitation))
    assert answer.status_code == 200
    assert "Band is linked" in answer.get_data(as_text=True)
    assert world.rows("SELECT vendor_user_id, status, device FROM vendor_accounts") == [
        ("wearer-7", "active", "Band 2")
    ]
    assert world.rows("SELECT DISTINCT status, purpose FROM consents") == [("active", "care")]
    assert "I agree that Sandbox Hospital" in world.rows("SELECT wording FROM consents")[0][0]
    assert world.rows(JOBS) == [("@subscribe",), ("beats",)]
    assert ("vendor.linked",) in world.rows("SELECT action FROM audit")


def test_an_invitation_that_was_used_is_refused(browser, invitation):
    come_back(browser, leave(browser, invitation))
    assert browser.get(invitation).status_code == 410
    assert browser.get(f"{invitation}/band").status_code == 410


def test_an_unknown_invitation_is_refused(browser):
    assert browser.get("/link/no-such-invitation").status_code == 410


def test_a_forged_state_links_nothing(world, browser, invitation):
    leave(browser, invitation)
    assert come_back(browser, "forged").status_code == 400
    assert world.rows("SELECT count(*) FROM vendor_accounts") == [(0,)]


def test_another_browser_cannot_finish_what_this_one_began(world, browser, invitation):
    state = leave(browser, invitation)
    assert come_back(world.api().test_client(), state).status_code == 400
    assert world.rows("SELECT count(*) FROM vendor_accounts") == [(0,)]


def test_a_return_counts_once(browser, invitation):
    state = leave(browser, invitation)
    come_back(browser, state)
    assert come_back(browser, state).status_code == 400


def test_who_declines_at_the_vendor_shares_nothing_and_may_think_again(world, browser, invitation):
    state = leave(browser, invitation)
    answer = browser.get(f"/link/callback/band?error=access_denied&state={state}")
    assert "You did not link Band" in answer.get_data(as_text=True)
    assert world.rows("SELECT count(*) FROM consents") == [(0,)]
    assert browser.get(invitation).status_code == 200


def test_an_account_of_another_patient_is_refused_clearly(world, browser, invitation):
    link_person(world, "jonas-berg")
    answer = come_back(browser, leave(browser, invitation))
    assert answer.status_code == 409
    assert "linked to another patient" in answer.get_data(as_text=True)
    assert world.rows("SELECT count(*) FROM vendor_accounts") == [(1,)]
    assert browser.get(invitation).status_code == 200


def test_a_code_the_vendor_refuses_links_nothing(world, browser, invitation):
    answer = come_back(browser, leave(browser, invitation), code="old-code")
    assert answer.status_code == 400
    assert world.rows("SELECT count(*) FROM vendor_accounts") == [(0,)]


def test_without_a_profile_the_hospitals_time_zone_holds(world, browser, invitation, monkeypatch):
    def down(*_):
        raise VendorDown("no profile")

    monkeypatch.setattr(world.band, "profile", down)
    assert come_back(browser, leave(browser, invitation)).status_code == 200
    assert world.rows("SELECT timezone FROM persons") == [("Europe/Oslo",)]


def test_a_vendor_we_do_not_know_has_a_page_that_says_so(browser, invitation):
    answer = browser.get(f"{invitation}/nobody")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
