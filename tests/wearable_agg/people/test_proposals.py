"""A merge that the EHR speaks for is proposed to people; nothing is merged by itself."""

import pytest

from tests.support.backend import ISSUER, link_person
from wearable_agg.people.merging import merge, unmerge
from wearable_agg.people.proposals import known_records, open_proposals, propose
from wearable_agg.people.registry import EhrPatient, person_for
from wearable_agg.people.work_items import items_of, settle_item
from wearable_agg.store.database import writing

OLD, NEW = "marit-old", "marit-solheim"
RETIRED = EhrPatient("sandbox", ISSUER, OLD)
RECORDS = "SELECT patient_id, person_id, replaced_by FROM ehr_patients ORDER BY patient_id"
AUDITED = "SELECT count(*) FROM audit WHERE action = 'people.merge_proposed'"


@pytest.fixture
def two(world):
    people = []
    for patient in (OLD, NEW):
        world.band.user = f"wearer-{patient}"
        link_person(world, patient)
        with world.engine.connect() as connection:
            people.append(person_for(connection, "sandbox", ISSUER, patient))
    return people


def proposed(world, surviving=NEW):
    with writing(world.engine) as connection:
        return propose(connection, RETIRED, surviving)


def kinds(world, person):
    with world.engine.connect() as connection:
        return [(one.kind, one.subject) for one in items_of(connection, person)]


def listed(world):
    with world.engine.connect() as connection:
        found = open_proposals(connection, "sandbox", ISSUER)
        return [(one.retired.patient_id, one.surviving) for one in found]


def test_both_care_teams_are_told_once_and_it_is_on_record(world, two):
    assert [proposed(world), proposed(world)] == [True, False]
    assert [kinds(world, person) for person in two] == [
        [("replaced-record", NEW)],
        [("replacing-record", OLD)],
    ]
    assert listed(world) == [(OLD, NEW)]
    assert world.rows(AUDITED) == [(1,)]


def test_nobodys_data_cross_by_a_proposal(world, two):
    before = world.rows(
        "SELECT tenant, issuer, patient_id, person_id, replaced_by FROM ehr_patients"
    )
    proposed(world)
    after = world.rows(
        "SELECT tenant, issuer, patient_id, person_id, replaced_by FROM ehr_patients"
    )
    assert after == before
    assert world.rows("SELECT count(*) FROM persons WHERE merged_into IS NOT NULL") == [(0,)]


def test_merging_settles_it_and_it_is_not_proposed_again(world, two):
    proposed(world)
    with writing(world.engine) as connection:
        merge(connection, RETIRED, NEW, "operator/kari")
    assert [kinds(world, person) for person in two] == [[], []]
    assert listed(world) == []
    assert proposed(world) is False
    with world.engine.connect() as connection:
        known = known_records(connection, "sandbox", ISSUER)
    assert [one.patient_id for one in known] == [NEW]


def test_taken_apart_it_may_be_proposed_anew(world, two):
    proposed(world)
    with writing(world.engine) as connection:
        merge(connection, RETIRED, NEW, "operator/kari")
        unmerge(connection, RETIRED, "operator/kari")
    assert proposed(world) is True


def test_a_team_that_says_no_settles_its_own_item(world, two):
    proposed(world)
    with writing(world.engine) as connection:
        [item] = items_of(connection, two[0])
        settle_item(connection, two[0], item.id, "Practitioner/ingrid-lind", "Dr Ingrid Lind")
    assert listed(world) == []


@pytest.mark.parametrize("surviving", [OLD, "unknown-here"])
def test_of_itself_or_a_record_unknown_here(world, two, surviving):
    assert proposed(world, surviving) is (surviving != OLD)
    assert kinds(world, two[1]) == []


def test_of_a_record_that_nobody_here_knows_there_is_nothing_to_propose(world, two):
    with writing(world.engine) as connection:
        stranger = EhrPatient("sandbox", ISSUER, "stranger")
        assert propose(connection, stranger, NEW) is False
        assert propose(connection, EhrPatient("other", ISSUER, OLD), NEW) is False
