"""Keeping ECGs out of files, by the way that vendors' recordings take."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Engine

from safeguards.vault import Vault
from wearable_agg.intake.keeping import RHYTHM, PersonsShare, keep_share
from wearable_agg.measurements.model import EcgRecording
from wearable_agg.people.consents import permitted_types
from wearable_agg.people.registry import touch
from wearable_agg.store.database import writing


class NotShared(Exception):
    """The person has not agreed to share their heart rhythm."""


def keep_ecgs(
    engine: Engine, vault: Vault, tenant: str, person_id: int, told: Sequence[EcgRecording]
) -> int:
    """Keep recordings as one; returns how many were news, 0 for a file that is known.

    What its vendor has deleted stays deleted. Raises NotShared; consent is asked in the step that
    writes.
    """
    with writing(engine) as connection:
        if RHYTHM not in permitted_types(connection, person_id):
            raise NotShared
        news = 0
        for one in told:
            share = PersonsShare(recordings=[one])
            news += keep_share(connection, vault, tenant, person_id, one.source, share, None)[0]
        if news:
            touch(connection, person_id)
    return news
