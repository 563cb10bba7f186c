"""Linking a companion app from the patient's own page."""

from __future__ import annotations

from sqlalchemy import Connection

from safeguards.audit import record
from wearable_agg.api.backend import Backend
from wearable_agg.intake.linking import NothingShared
from wearable_agg.people.accounts import UNLINKED, accounts_of
from wearable_agg.people.consents import permitted_topics
from wearable_agg.people.sessions import PatientSession
from wearable_agg.vendors.apple.reader import AppleHealth

MOST_DEVICES = 5
LONGEST_NAME = 60


class TooManyDevices(Exception):
    """The person has as many apps linked as one may have: one must be unlinked first."""


def add_device(
    connection: Connection, backend: Backend, session: PatientSession, device: str
) -> str:
    """Link an app and return its token, in the caller's write transaction.

    Raises NothingShared, and TooManyDevices.
    """
    if not permitted_topics(connection, session.person_id):
        raise NothingShared
    linked = accounts_of(connection, session.person_id)
    apps = [one for one in linked if one.vendor == AppleHealth.id and one.status != UNLINKED]
    if len(apps) >= MOST_DEVICES:
        raise TooManyDevices
    token, account_id = backend.devices.issue(
        connection,
        backend.vault,
        tenant=session.tenant,
        person_id=session.person_id,
        vendor=AppleHealth.id,
        device=device,
    )
    record(
        connection,
        tenant=session.tenant,
        actor=f"person/{session.person_id}",
        action="vendor.linked",
        entity=f"vendor-account/{account_id}",
        detail={"vendor": AppleHealth.id, "invited_by": session.invited_by},
    )
    return token
