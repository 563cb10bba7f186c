"""Functions of vendors that the person has to switch on: whether they are at work."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from wearable_agg.measurements.model import VendorFeature
from wearable_agg.people.registry import touch
from wearable_agg.store.clock import now_micros
from wearable_agg.store.people_tables import vendor_features
from wearable_agg.store.upserts import insert


def keep_features(
    connection: Connection,
    tenant: str,
    person_id: int,
    told: Iterable[tuple[int, VendorFeature]],
) -> None:
    """Keep what vendors told of (account, feature), in the caller's write transaction."""
    for account_id, feature in told:
        if _known(connection, account_id, feature.name) == feature.at_work:
            continue
        values = {"at_work": feature.at_work, "told_at": now_micros()}
        key = {"account_id": account_id, "feature": feature.name}
        connection.execute(
            insert(vendor_features)
            .values(tenant=tenant, **key, **values)
            .on_conflict_do_update(index_elements=list(key), set_=values)
        )
        touch(connection, person_id)


def features_off(connection: Connection, account_id: int) -> list[str]:
    """Return the names of an account's features that are known to be switched off."""
    off = select(vendor_features.c.feature).where(
        vendor_features.c.account_id == account_id, vendor_features.c.at_work.is_(False)
    )
    return list(connection.execute(off.order_by(vendor_features.c.feature)).scalars())


def _known(connection: Connection, account_id: int, name: str) -> bool | None:
    return connection.execute(
        select(vendor_features.c.at_work).where(
            vendor_features.c.account_id == account_id, vendor_features.c.feature == name
        )
    ).scalar()
