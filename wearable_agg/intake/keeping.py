"""Keeping what a person's payloads say: values, ECGs, notices, and what the vendor deleted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from safeguards.vault import Vault
from wearable_agg.measurements.batch import NO_CONSENT, Batch, batch_of
from wearable_agg.measurements.model import (
    BloodPressure,
    EcgRecording,
    Measurement,
    Record,
    RhythmNotification,
    RhythmVerdict,
    SleepStage,
    VendorFeature,
    Withdrawn,
    Workout,
)
from wearable_agg.measurements.recordings import keep_notice, keep_recording
from wearable_agg.measurements.retract import retract, withdraw, withdrawn_ids
from wearable_agg.measurements.sessions import ids_of, moved, without
from wearable_agg.measurements.upsert import ChangedDay, write_batch
from wearable_agg.people.features import keep_features
from wearable_agg.vendors.findings import Quarantined

RHYTHM = "atrial_fibrillation_burden"
"""The type whose consent ECGs and notices need: it stands for the topic of rhythm."""

LONGEST_REASON = 80


@dataclass(slots=True)
class PersonsShare:
    """What one person's payloads of one vendor say, and from which accounts they came."""

    batch: Batch = field(default_factory=Batch)
    recordings: list[EcgRecording] = field(default_factory=list)
    notices: list[RhythmNotification | RhythmVerdict] = field(default_factory=list)
    withdrawn: list[str] = field(default_factory=list)
    features: list[tuple[int, VendorFeature]] = field(default_factory=list)
    accounts: set[int] = field(default_factory=set)

    @classmethod
    def of(
        cls, records: Iterable[Record | Quarantined], permitted: Collection[str], account_id: int
    ) -> PersonsShare:
        """Sort records; what is not permitted is counted as refused."""
        share, values = cls(accounts={account_id}), list[Measurement]()
        for one in records:
            match one:
                case Measurement():
                    values.append(one)
                case BloodPressure() | SleepStage() | Workout():
                    values.extend(one.measurements())
                case Quarantined():
                    share.batch.refused[one.reason[:LONGEST_REASON]] += 1
                case Withdrawn():
                    share.withdrawn.append(one.vendor_id)
                case VendorFeature() if RHYTHM in permitted:
                    share.features.append((account_id, one))
                case EcgRecording() | RhythmNotification() | RhythmVerdict():
                    share.about_rhythm(one, RHYTHM in permitted)
                case _:
                    share.batch.refused["of no use here"] += 1
        share.batch.add(batch_of(values, permitted))
        return share

    def about_rhythm(
        self, one: EcgRecording | RhythmNotification | RhythmVerdict, permitted: bool
    ) -> None:
        """Take a recording or a notice."""
        if not permitted:
            self.batch.refused[NO_CONSENT] += 1
        elif isinstance(one, EcgRecording):
            self.recordings.append(one)
        else:
            self.notices.append(one)

    def add(self, later: PersonsShare) -> None:
        """Append another share; of a session that both tell the later one counts."""
        without(self.batch, ids_of(later.batch))
        self.batch.add(later.batch)
        self.recordings.extend(later.recordings)
        self.notices.extend(later.notices)
        self.withdrawn.extend(later.withdrawn)
        self.features.extend(later.features)
        self.accounts |= later.accounts


def keep_share(
    connection: Connection,
    vault: Vault,
    tenant: str,
    person_id: int,
    vendor: str,
    share: PersonsShare,
    replay_of: int | None,
) -> tuple[bool, Sequence[ChangedDay]]:
    """Write a share in the caller's transaction; returns whether it was news, and changed days."""
    days: list[ChangedDay] = []
    if share.withdrawn:
        days.extend(withdraw(connection, tenant, person_id, vendor, share.withdrawn))
    gone = withdrawn_ids(connection, person_id, vendor)
    if gone:
        _leave_out(share, gone)
    days.extend(retract(connection, moved(connection, person_id, vendor, share.batch, replay_of)))
    written = write_batch(connection, tenant, person_id, share.batch, replay_of)
    days.extend(written.days)
    kept = [keep_recording(connection, vault, tenant, person_id, one) for one in share.recordings]
    keep_features(connection, tenant, person_id, share.features)
    kept += [keep_notice(connection, tenant, person_id, one) for one in share.notices]
    news = bool(written.new or written.amended or any(kept) or share.withdrawn)
    return news, days


def _leave_out(share: PersonsShare, gone: Collection[str]) -> None:
    kept = {
        key: [row for row in rows if row[6] not in gone] for key, rows in share.batch.rows.items()
    }
    share.batch.rows = {key: rows for key, rows in kept.items() if rows}
    share.recordings = [one for one in share.recordings if one.vendor_id not in gone]
    share.notices = [one for one in share.notices if one.vendor_id not in gone]
