from datetime import UTC, date, datetime, timedelta

import pytest

from wearable_agg.people import consents
from wearable_agg.people.invitations import (
    InvitationRefused,
    TooFast,
    WrongProof,
    check_proof,
    count_try,
    invite,
    open_invitation,
    use_up,
)
from wearable_agg.people.registry import person_for
from wearable_agg.people.round_trips import (
    StateRefused,
    Traveller,
    begin_round_trip,
    end_round_trip,
)
from wearable_agg.people.sessions import SessionEnded, begin_session, end_session, find_session
from wearable_agg.store.database import writing

BORN = date(1958, 3, 14)


@pytest.fixture
def connection(world):
    with writing(world.engine) as connection:
        person_for(connection, "sandbox", "i", "p", create=True)
        yield connection


@pytest.fixture
def made(connection):
    return invite(connection, "sandbox", 1, "Practitioner/1", "Dr Lind", BORN)


@pytest.fixture
def token(made):
    return made.token


@pytest.fixture
def state(connection):
    return begin_round_trip(connection, Traveller("sandbox", person_id=1), "band", "browser")


def test_an_invitation_opens_with_its_token(connection, token):
    assert open_invitation(connection, token).person_id == 1


def test_neither_token_nor_code_nor_date_of_birth_is_kept(connection, made):
    assert len(made.token) >= 32
    kept = " ".join(map(str, connection.exec_driver_sql("SELECT * FROM invitations").one()))
    assert not any(secret in kept for secret in (made.token, "1958-03-14"))


def test_another_token_opens_nothing(connection, token):
    with pytest.raises(InvitationRefused):
        open_invitation(connection, token[:-1])


def test_an_invitation_ends_after_half_an_hour(connection, token):
    connection.exec_driver_sql("UPDATE invitations SET expires_at = expires_at - 1800000000")
    with pytest.raises(InvitationRefused):
        open_invitation(connection, token)


def test_an_invitation_is_used_once(connection, token):
    invitation = open_invitation(connection, token)
    use_up(connection, invitation)
    with pytest.raises(InvitationRefused):
        open_invitation(connection, token)
    with pytest.raises(InvitationRefused):
        use_up(connection, invitation)


def test_date_of_birth_and_code_use_the_invitation_up(connection, made):
    count_try(connection, made.token)
    assert check_proof(connection, made.token, "1958-03-14", made.code).person_id == 1
    with pytest.raises(InvitationRefused):
        check_proof(connection, made.token, "1958-03-14", made.code)


@pytest.mark.parametrize(
    ("birth_date", "code"), [("1958-03-15", None), ("1958-03-14", "x"), ("", ""), ("", None)]
)
def test_half_a_proof_is_none(connection, made, birth_date, code):
    count_try(connection, made.token)
    with pytest.raises(WrongProof) as wrong:
        check_proof(connection, made.token, birth_date, made.code if code is None else code)
    assert wrong.value.left == 4


def test_an_invitation_without_a_code_cannot_be_proved_by_one(connection):
    made = invite(connection, "sandbox", 1, "Practitioner/1", "Dr Lind")
    assert made.code == ""
    with pytest.raises(WrongProof):
        check_proof(connection, made.token, "", "")


def test_five_wrong_answers_lock_an_invitation(connection, made):
    for _ in range(5):
        count_try(connection, made.token)
        connection.exec_driver_sql("UPDATE invitations SET tried_at = 0")
    with pytest.raises(InvitationRefused):
        count_try(connection, made.token)
    with pytest.raises(InvitationRefused):
        open_invitation(connection, made.token)


def test_two_tries_within_a_second_are_one_too_many(connection, made):
    count_try(connection, made.token)
    with pytest.raises(TooFast):
        count_try(connection, made.token)


def test_a_round_trip_ends_where_it_began(connection, state):
    assert end_round_trip(connection, "band", state, "browser").person_id == 1


@pytest.mark.parametrize(
    "changes",
    [{"state": "forged"}, {"browser": "another"}, {"browser": ""}, {"destination": "scale"}],
    ids=["state", "browser", "no cookie", "vendor"],
)
def test_a_forged_return_is_refused(connection, state, changes):
    told = {"destination": "band", "state": state, "browser": "browser", **changes}
    with pytest.raises(StateRefused):
        end_round_trip(connection, **told)


def test_a_return_counts_once(connection, state):
    end_round_trip(connection, "band", state, "browser")
    with pytest.raises(StateRefused):
        end_round_trip(connection, "band", state, "browser")


def test_a_return_after_ten_minutes_is_refused(connection, state):
    connection.exec_driver_sql("UPDATE link_states SET expires_at = expires_at - 600000000")
    with pytest.raises(StateRefused):
        end_round_trip(connection, "band", state, "browser")


def test_a_patients_session_ends_by_itself_and_by_sign_out(connection):
    token = begin_session(connection, "sandbox", 1, "birth-date")
    end_session(connection, find_session(connection, token))
    with pytest.raises(SessionEnded):
        find_session(connection, token)
    token = begin_session(connection, "sandbox", 1, "birth-date")
    connection.exec_driver_sql("UPDATE patient_sessions SET expires_at = expires_at - 3600000000")
    with pytest.raises(SessionEnded):
        find_session(connection, token)


def test_nothing_is_permitted_unless_recorded(connection):
    assert not consents.permits(connection, 1, "heart_rate")


def test_consent_to_a_topic_permits_its_types(connection):
    consents.record(connection, "sandbox", 1, ["sleep"], "I agree")
    assert consents.permits(connection, 1, "sleep_deep")
    assert not consents.permits(connection, 1, "steps")
    assert not consents.permits(connection, 1, "never heard of")


def test_revoked_consent_permits_nothing_until_given_again(connection):
    consents.record(connection, "sandbox", 1, ["sleep", "steps"], "I agree")
    consents.revoke(connection, 1, ["sleep"])
    assert consents.permitted_types(connection, 1) == {"steps"}
    consents.record(connection, "sandbox", 1, ["sleep"], "I agree again")
    assert consents.permits(connection, 1, "sleep_deep")


def test_consent_that_has_run_out_permits_nothing(connection):
    moment = datetime.now(UTC)
    consents.record(connection, "sandbox", 1, ["steps"], "I agree", moment + timedelta(hours=1))
    assert consents.permits(connection, 1, "steps")
    consents.record(connection, "sandbox", 1, ["steps"], "I agree", moment - timedelta(seconds=1))
    assert not consents.permits(connection, 1, "steps")
