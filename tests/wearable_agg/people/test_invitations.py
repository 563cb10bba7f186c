import pytest

from wearable_agg.people import consents
from wearable_agg.people.invitations import (
    InvitationRefused,
    RoundTrip,
    StateRefused,
    begin_round_trip,
    end_round_trip,
    invite,
    open_invitation,
    use_up,
)
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import writing


@pytest.fixture
def connection(world):
    with writing(world.engine) as connection:
        person_for(connection, "sandbox", "i", "p", create=True)
        yield connection


@pytest.fixture
def token(connection):
    return invite(connection, "sandbox", 1, "Practitioner/1", "Dr Lind")[0]


def test_an_invitation_opens_with_its_token(connection, token):
    assert open_invitation(connection, token).person_id == 1


def test_the_token_is_long_and_not_kept(connection, token):
    assert len(token) >= 32
    kept = connection.exec_driver_sql("SELECT * FROM invitations").one()
    assert token not in map(str, kept)


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


def test_a_round_trip_ends_where_it_began(connection, token):
    trip = begin_round_trip(connection, open_invitation(connection, token), "band")
    assert end_round_trip(connection, "band", trip).person_id == 1


@pytest.mark.parametrize(
    "forge",
    [
        lambda trip: ("band", RoundTrip("forged", trip.browser)),
        lambda trip: ("band", RoundTrip(trip.state, "another browser")),
        lambda trip: ("band", RoundTrip(trip.state, "")),
        lambda trip: ("scale", trip),
    ],
    ids=["state", "browser", "no cookie", "vendor"],
)
def test_a_forged_return_is_refused(connection, token, forge):
    trip = begin_round_trip(connection, open_invitation(connection, token), "band")
    with pytest.raises(StateRefused):
        end_round_trip(connection, *forge(trip))


def test_a_return_counts_once(connection, token):
    trip = begin_round_trip(connection, open_invitation(connection, token), "band")
    end_round_trip(connection, "band", trip)
    with pytest.raises(StateRefused):
        end_round_trip(connection, "band", trip)


def test_a_return_after_ten_minutes_is_refused(connection, token):
    trip = begin_round_trip(connection, open_invitation(connection, token), "band")
    connection.exec_driver_sql("UPDATE link_states SET expires_at = expires_at - 600000000")
    with pytest.raises(StateRefused):
        end_round_trip(connection, "band", trip)


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
