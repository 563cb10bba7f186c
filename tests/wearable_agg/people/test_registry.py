from dataclasses import replace

import pytest

from safeguards.vault import Unreadable
from tests.support.backend import ISSUER, PATIENT, link_person
from wearable_agg.people import accounts
from wearable_agg.people.registry import (
    EhrPatient,
    data_version,
    patients_of,
    person_for,
    timezone_of,
)
from wearable_agg.store.database import writing
from wearable_agg.vendors.protocol import Profile


def test_a_patient_is_the_same_person_every_time(world):
    with writing(world.engine) as connection:
        first = person_for(connection, "sandbox", ISSUER, PATIENT, create=True)
        assert person_for(connection, "sandbox", ISSUER, PATIENT) == first
        assert patients_of(connection, first) == [EhrPatient("sandbox", ISSUER, PATIENT)]


@pytest.mark.parametrize(
    "other", [("other", ISSUER, PATIENT), ("sandbox", "x", PATIENT), ("sandbox", ISSUER, "x")]
)
def test_the_same_id_elsewhere_is_somebody_else(world, other):
    with writing(world.engine) as connection:
        person_for(connection, "sandbox", ISSUER, PATIENT, create=True)
        assert person_for(connection, *other) is None


def test_local_days_follow_the_linked_account(world):
    with writing(world.engine) as connection:
        person = person_for(connection, "sandbox", ISSUER, PATIENT, create=True, timezone="UTC")
    link_person(world)
    with world.engine.connect() as connection:
        assert timezone_of(connection, person).key == "Europe/Oslo"


def test_two_people_cannot_share_one_vendor_account(world):
    link_person(world, "marit-solheim")
    with pytest.raises(accounts.AccountTaken):
        link_person(world, "jonas-berg")
    assert world.rows("SELECT patient_id FROM ehr_patients") == [("marit-solheim",)]


def test_linking_again_takes_the_new_tokens(world):
    account_id = link_person(world)
    world.band.good_access = "access-new"
    assert link_person(world) == account_id
    with world.engine.connect() as connection:
        account = accounts.account(connection, account_id)
    assert account.tokens(world.vault).access == "access-new"
    assert account.token_version == 2


def test_tokens_lie_sealed_and_bound_to_their_row(world, linked):
    [(sealed,)] = world.rows("SELECT tokens FROM vendor_accounts")
    assert b"access-1" not in sealed
    with world.engine.connect() as connection:
        mine = accounts.account(connection, linked)
    with pytest.raises(Unreadable):
        replace(mine, vendor_user_id="somebody-else").tokens(world.vault)


def test_answers_are_known_to_have_changed(world, linked):
    with writing(world.engine) as connection:
        before = data_version(connection, 1)
        accounts.set_status(connection, linked, accounts.BROKEN)
        assert data_version(connection, 1) > before


def test_a_zone_that_does_not_exist_is_refused(world):
    with writing(world.engine) as connection, pytest.raises(KeyError):
        accounts.link(
            connection,
            world.vault,
            tenant="sandbox",
            person_id=person_for(connection, "sandbox", ISSUER, PATIENT, create=True),
            vendor="band",
            tokens=world.band.tokens(),
            profile=Profile("Mars/Olympus", ""),
        )
