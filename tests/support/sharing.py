"""A patient who shares heart rhythm, in the store of a site that a test makes by hand."""

from pathlib import Path

from tests.support.stores import place_wearables_store
from wearable_agg.people import consents
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.migrations import migrate


def share_rhythm(database: Path, tenant: str, issuer: str, patient: str) -> None:
    """Record the consent that the gateway asks for."""
    place_wearables_store(database)
    store = open_database(database)
    migrate(store)
    with writing(store) as connection:
        person = person_for(connection, tenant, issuer, patient, create=True)
        assert person is not None
        consents.record(connection, tenant, person, [consents.RHYTHM], "I share my heart rhythm")
    store.dispose()
