"""Consent that an operator records for a stream of their own."""

from __future__ import annotations

from typing import cast

import click
from sqlalchemy import Connection

from config.settings import Settings, Tenant
from wearable_agg.people import consents
from wearable_agg.people.registry import person_for
from wearable_agg.store.database import open_database, writing
from wearable_agg.store.migrations import migrate

OF_A_SANDBOX = "The patients of a sandbox are made up"


def _person(connection: Connection, tenant: Tenant, patient: str) -> int:
    found = person_for(connection, tenant.id, tenant.issuer, patient, True, tenant.timezone)
    return cast("int", found)  # created where unknown


def share_rhythm(settings: Settings, tenant: Tenant, patient: str, agreed: str | None) -> None:
    """See to it that this patient shares heart rhythm, recording the words they `agreed` to.

    A made-up patient of a sandbox agrees unasked, once; nobody's withdrawal is overruled unasked.
    Raises click.ClickException where no consent stands and none is given.
    """
    store = open_database(settings.wearables_database)
    migrate(store)
    unasked = OF_A_SANDBOX if tenant.environment == "sandbox" else None
    try:
        with writing(store) as connection:
            person = _person(connection, tenant, patient)
            if consents.permits_topic(connection, person, consents.RHYTHM):
                return
            said = any(c.topic == consents.RHYTHM for c in consents.consents_of(connection, person))
            wording = agreed or (None if said else unasked)
            if wording is None:
                raise click.ClickException(
                    f"{patient} does not share heart rhythm: invite the patient, or give the words "
                    "they agreed to with --agreed"
                )
            consents.record(connection, tenant.id, person, [consents.RHYTHM], wording)
    finally:
        store.dispose()
