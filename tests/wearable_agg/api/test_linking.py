import re
from html.parser import HTMLParser

import pytest

from tests.support.backend import bearer, link_person
from wearable_agg.vendors.protocol import VendorDown

JOBS = "SELECT kind FROM sync_jobs ORDER BY kind"
BORN = "1958-03-14"


class Visitor:
    """A patient's browser on the pages of one backend."""

    def __init__(self, world):
        self.client = world.api().test_client()
        asked = {"Idempotency-Key": "invite-0001", **bearer(world, "people.invite")}
        made = self.client.post(
            "/api/v1/patient/invitations", headers=asked, json={"birth_date": BORN}
        ).get_json()
        self.invitation = made["url"].removeprefix("http://127.0.0.1:8411")
        self.code = made["code"]

    def prove(self, **changes):
        told = {"birth_date": BORN, "code": self.code, **changes}
        return self.client.post(f"{self.invitation}/proof", data=told)

    def key(self):
        fields = _Hidden()
        fields.feed(self.client.get("/link/me").get_data(as_text=True))
        return fields.values["form"]

    def choose(self, *topics, **more):
        data = {"form": self.key(), "topic": list(topics), "choice": "ticked", **more}
        return self.client.post("/link/me/consent", data=data)

    def leave(self, vendor="band"):
        """Follow the link of a vendor; returns the state that the vendor is given."""
        answer = self.client.get(f"/link/me/{vendor}")
        assert answer.status_code == 303
        return re.search(r"state=([\w-]+)", answer.headers["Location"])[1]

    def come_back(self, state, code="good-code", vendor="band"):
        return self.client.get(f"/link/callback/{vendor}?code={code}&state={state}")

    def me(self):
        return self.client.get("/link/me").get_data(as_text=True)


class _Hidden(HTMLParser):
    def __init__(self):
        super().__init__()
        self.values = {}

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        if tag == "input" and found.get("type") == "hidden":
            self.values[found["name"]] = found["value"]


@pytest.fixture
def visitor(world):
    return Visitor(world)


@pytest.fixture
def enrolled(visitor):
    """A patient who proved who they are and shares heart rate and sleep."""
    assert visitor.prove().headers["Location"] == "/link/me"
    assert visitor.choose("heart_rate", "sleep").status_code == 303
    return visitor


def test_the_invitation_says_who_asks_what_for(visitor):
    page = visitor.client.get(visitor.invitation)
    text = page.get_data(as_text=True)
    assert page.status_code == 200
    for words in ("Dr Ingrid Lind", "Sandbox Hospital", "Heart rate", "ECG recordings"):
        assert words in text


def test_the_pages_give_their_address_to_nobody(visitor):
    headers = visitor.client.get(visitor.invitation).headers
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"
    assert "default-src 'none'" in headers["Content-Security-Policy"]


def test_the_pages_style_is_served(visitor):
    assert visitor.client.get("/link/static/link.css").mimetype == "text/css"


def test_looking_at_an_invitation_does_not_use_it_up(visitor):
    for _ in range(3):
        assert visitor.client.get(visitor.invitation).status_code == 200
    assert visitor.prove().status_code == 303


def test_an_invitation_works_once(visitor):
    visitor.prove()
    assert visitor.client.get(visitor.invitation).status_code == 410
    assert visitor.prove().status_code == 410


def test_an_unknown_invitation_is_refused(visitor):
    assert visitor.client.get("/link/no-such-invitation").status_code == 410


def test_a_wrong_code_is_told_counted_and_recorded(world, visitor):
    answer = visitor.prove(code="x")
    assert answer.status_code == 403
    assert "4 more tries" in answer.get_data(as_text=True)
    assert visitor.client.get("/link/me").status_code == 403
    assert ("invitation.wrong-proof",) in world.rows("SELECT action FROM audit")


def test_the_next_try_within_a_second_has_to_wait(visitor):
    visitor.prove(code="x")
    assert visitor.prove().status_code == 429


def test_after_five_wrong_answers_the_right_one_is_refused(world, visitor):
    for left in (4, 3, 2, 1, 0):
        answer = visitor.prove(birth_date="1958-03-15")
        with world.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE invitations SET tried_at = 0")
        assert answer.status_code == (403 if left else 410)
    assert visitor.prove().status_code == 410


def test_without_proof_there_is_no_page_of_ones_own(visitor):
    assert visitor.client.get("/link/me").status_code == 403
    assert visitor.client.get("/link/me/band").status_code == 403


def test_nothing_is_ticked_before_the_patient_ticks_it(visitor):
    visitor.prove()
    assert "checked" not in visitor.me()


def test_what_is_ticked_is_consent_in_words(world, enrolled):
    rows = world.rows("SELECT data_type, status, purpose, wording FROM consents ORDER BY 1")
    assert [row[:3] for row in rows] == [
        ("heart_rate", "active", "care"),
        ("sleep", "active", "care"),
    ]
    assert "heart rate, sleep and its stages" in rows[0][3]
    assert enrolled.me().count("checked") == 2


def test_a_tick_taken_away_is_consent_withdrawn(world, enrolled):
    enrolled.choose("sleep")
    assert world.rows("SELECT data_type, status FROM consents ORDER BY 1") == [
        ("heart_rate", "revoked"),
        ("sleep", "active"),
    ]


def test_consent_may_end_by_itself(world, enrolled):
    enrolled.choose("sleep", until="90")
    [(days,)] = world.rows(
        "SELECT (expires_at - recorded_at) / 86400000000.0 FROM consents WHERE data_type = 'sleep'"
    )
    assert round(days) == 90
    assert "Until" in enrolled.me()


def test_a_form_of_another_site_changes_nothing(world, enrolled):
    data = {"form": "forged", "choice": "nothing"}
    assert enrolled.client.post("/link/me/consent", data=data).status_code == 403
    foreign = {"Origin": "https://evil.example"}
    data = {"form": enrolled.key(), "choice": "nothing"}
    answer = enrolled.client.post("/link/me/consent", data=data, headers=foreign)
    assert answer.status_code == 403
    assert world.rows("SELECT count(*) FROM consents WHERE status = 'active'") == [(2,)]


def test_who_shares_nothing_has_nothing_to_link(visitor):
    visitor.prove()
    assert visitor.client.get("/link/me/band").status_code == 400


def test_linking_stores_account_and_first_jobs(world, enrolled):
    answer = enrolled.come_back(enrolled.leave())
    assert answer.headers["Location"] == "/link/me?saved=linked"
    assert "Band 2" in enrolled.me()
    assert world.rows("SELECT vendor_user_id, status, device FROM vendor_accounts") == [
        ("wearer-7", "active", "Band 2")
    ]
    assert world.rows(JOBS) == [("@subscribe",), ("beats",)]
    assert ("vendor.linked",) in world.rows("SELECT action FROM audit")


def test_unlinking_ends_the_link_and_leaves_its_revocation(world, enrolled):
    enrolled.come_back(enrolled.leave())
    enrolled.client.post("/link/me/unlink/1", data={"form": enrolled.key()})
    assert world.rows("SELECT status FROM vendor_accounts") == [("unlinked",)]
    assert world.rows(JOBS) == [("@revoke",)]


def test_nobody_unlinks_somebody_elses_wearable(world, enrolled):
    other = link_person(world, "jonas-berg")
    answer = enrolled.client.post(f"/link/me/unlink/{other}", data={"form": enrolled.key()})
    assert answer.status_code == 404
    assert world.rows("SELECT status FROM vendor_accounts") == [("active",)]


def test_to_stop_sharing_everything_unlinks_too(world, enrolled):
    enrolled.come_back(enrolled.leave())
    enrolled.choose(choice="nothing")
    assert world.rows("SELECT DISTINCT status FROM consents") == [("revoked",)]
    assert world.rows("SELECT status FROM vendor_accounts") == [("unlinked",)]
    assert world.rows(JOBS) == [("@revoke",)]


def test_after_signing_out_the_page_is_closed(enrolled):
    enrolled.client.post("/link/me/sign-out", data={"form": enrolled.key()})
    assert enrolled.client.get("/link/me").status_code == 403


def test_a_forged_state_links_nothing(world, enrolled):
    enrolled.leave()
    assert enrolled.come_back("forged").status_code == 400
    assert world.rows("SELECT count(*) FROM vendor_accounts") == [(0,)]


def test_another_browser_cannot_finish_what_this_one_began(world, enrolled):
    state = enrolled.leave()
    stranger = world.api().test_client()
    answer = stranger.get(f"/link/callback/band?code=good-code&state={state}")
    assert answer.status_code == 400
    assert world.rows("SELECT count(*) FROM vendor_accounts") == [(0,)]


def test_a_return_counts_once(enrolled):
    state = enrolled.leave()
    enrolled.come_back(state)
    assert enrolled.come_back(state).status_code == 400


def test_who_declines_at_the_vendor_may_think_again(world, enrolled):
    state = enrolled.leave()
    answer = enrolled.client.get(f"/link/callback/band?error=access_denied&state={state}")
    assert answer.headers["Location"] == "/link/me?saved=declined"
    assert world.rows("SELECT count(*) FROM vendor_accounts") == [(0,)]
    assert enrolled.come_back(enrolled.leave()).status_code == 303


def test_an_account_of_another_patient_is_refused_and_both_care_teams_are_told(world, enrolled):
    link_person(world, "jonas-berg")
    answer = enrolled.come_back(enrolled.leave())
    assert answer.status_code == 409
    assert "linked to another patient" in answer.get_data(as_text=True)
    assert world.rows("SELECT count(*) FROM vendor_accounts") == [(1,)]
    assert world.rows("SELECT person_id, kind, subject FROM work_items ORDER BY 1") == [
        (1, "shared-account", "band"),
        (2, "shared-account", "band"),
    ]
    assert ("vendor.refused",) in world.rows("SELECT action FROM audit")


def test_a_code_the_vendor_refuses_links_nothing(world, enrolled):
    answer = enrolled.come_back(enrolled.leave(), code="old-code")
    assert answer.status_code == 400
    assert world.rows("SELECT count(*) FROM vendor_accounts") == [(0,)]


def test_without_a_profile_the_hospitals_time_zone_holds(world, enrolled, monkeypatch):
    def down(*_):
        raise VendorDown("no profile")

    monkeypatch.setattr(world.band, "profile", down)
    assert enrolled.come_back(enrolled.leave()).status_code == 303
    assert world.rows("SELECT timezone FROM persons") == [("Europe/Oslo",)]


def test_a_vendor_we_do_not_know_has_a_page_that_says_so(enrolled):
    answer = enrolled.client.get("/link/me/nobody")
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
