"""Keeping ECGs that people took themselves, and vendors' notices about their rhythm.

The key of a recording is (person, source, whole second of its start), of a notice (person, source,
kind, start, end): the same again changes nothing, what differs replaces it as a newer version.
"""

from __future__ import annotations

import zlib
from array import array
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Table, select, update

from safeguards.strict_json import dumps
from safeguards.vault import Vault
from wearable_agg.measurements.model import (
    EcgRecording,
    EcgSignal,
    RhythmNotification,
    RhythmVerdict,
)
from wearable_agg.store.clock import from_micros, now_micros, to_micros
from wearable_agg.store.recording_tables import ecg_recordings, rhythm_notices

NOTIFICATION, VERDICT = "notification", "verdict"
_SECOND = 1_000_000


def keep_recording(
    connection: Connection, vault: Vault, tenant: str, person_id: int, one: EcgRecording
) -> bool:
    """Keep a recording in the caller's write transaction; False where it is known already.

    A recording without waveform never replaces one that has it, and none takes back which version
    of the vendor's algorithm decided.
    """
    start = to_micros(one.start)
    second = start // _SECOND
    key: dict[str, Any] = {"person_id": person_id, "source": one.source, "second": second}
    known = _known(connection, ecg_recordings, key)
    signal = one.signal
    values: dict[str, Any] = {
        "start": start,
        "end": to_micros(one.end),
        "offset_seconds": one.offset_seconds,
        "device": one.device,
        "vendor_id": one.vendor_id,
        "verdict": one.verdict,
        "vendor_verdict": one.vendor_verdict,
        "mean_heart_rate": one.mean_heart_rate,
        "rate": signal and signal.rate,
        "lead": signal.lead if signal else "",
        "site": signal.site if signal else "",
        "flaw": one.flaw,
        "algorithm": one.algorithm or (known.algorithm if known else ""),
    }
    if known is not None and _is_no_news(vault, known, one, values):
        return False
    place = place_of_samples(tenant, person_id, one.source, second)
    values["samples"] = signal and vault.seal(_packed(signal), bound_to=place)
    _write(connection, ecg_recordings, {"tenant": tenant, **key}, values, known)
    return True


def recordings_of(
    connection: Connection, vault: Vault, person_id: int, start: datetime, end: datetime
) -> list[EcgRecording]:
    """Return the recordings that began within [start, end), in order of time.

    Samples are in microvolts. Raises safeguards.vault.Unreadable.
    """
    columns = ecg_recordings.c
    rows = connection.execute(
        select(ecg_recordings)
        .where(
            columns.person_id == person_id,
            columns.start >= to_micros(start),
            columns.start < to_micros(end),
        )
        .order_by(columns.start, columns.source)
    )
    return [_recording(vault, row) for row in rows]


def recording_called(connection: Connection, vault: Vault, recording_id: int) -> EcgRecording:
    """Return one recording, samples in microvolts. Raises Unreadable and KeyUnavailable."""
    row = connection.execute(select(ecg_recordings).where(ecg_recordings.c.id == recording_id))
    return _recording(vault, row.one())


def keep_notice(
    connection: Connection, tenant: str, person_id: int, one: RhythmNotification | RhythmVerdict
) -> bool:
    """Keep a notice in the caller's write transaction; False where it is known already."""
    key: dict[str, Any] = {
        "person_id": person_id,
        "source": one.source,
        "kind": NOTIFICATION if isinstance(one, RhythmNotification) else VERDICT,
        "start": to_micros(one.start),
        "end": to_micros(one.end),
    }
    known = _known(connection, rhythm_notices, key)
    values = {
        "offset_seconds": one.offset_seconds,
        "device": one.device,
        "vendor_id": one.vendor_id,
        **_said(one),
    }
    if known is not None and all(known._mapping[name] == v for name, v in values.items()):
        return False
    _write(connection, rhythm_notices, {"tenant": tenant, **key}, values, known)
    return True


def place_of_samples(tenant: str, person_id: int, source: str, second: int) -> str:
    """Where a recording's samples are sealed for."""
    return f"{tenant}|ecg_recordings|samples|{person_id}:{source}:{second}"


def _said(one: RhythmNotification | RhythmVerdict) -> dict[str, str]:
    if isinstance(one, RhythmVerdict):
        detail = dumps({"method": one.method})
        said = {"said": one.verdict, "vendor_said": one.vendor_verdict}
        return {**said, "detail": detail, "algorithm": ""}
    windows = [asdict(window) for window in one.windows]
    detail = dumps({"threshold": one.threshold, "windows": _plain(windows)})
    said = {"said": one.rhythm, "vendor_said": one.rhythm}
    return {**said, "detail": detail, "algorithm": one.algorithm}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list | tuple) else value


def _known(
    connection: Connection, table: Table, key: dict[str, Any]
) -> Row[tuple[object, ...]] | None:
    matches = [table.c[name] == value for name, value in key.items()]
    return connection.execute(select(table).where(*matches)).one_or_none()


def _is_no_news(
    vault: Vault, known: Row[tuple[object, ...]], one: EcgRecording, values: dict[str, Any]
) -> bool:
    if one.signal is None:
        return known.samples is not None or all(
            known._mapping[name] == value for name, value in values.items()
        )
    if known.samples is None or any(known._mapping[n] != v for n, v in values.items()):
        return False
    return _unsealed(vault, known) == _packed(one.signal)


def _write(
    connection: Connection,
    table: Table,
    key: dict[str, Any],
    values: dict[str, Any],
    known: Row[tuple[object, ...]] | None,
) -> None:
    now = now_micros()
    if known is None:
        connection.execute(table.insert().values(**key, **values, version=1, recorded_at=now))
        return
    connection.execute(
        update(table)
        .where(table.c.id == known.id)
        .values(**values, version=known.version + 1, recorded_at=now)
    )


def _packed(signal: EcgSignal) -> bytes:
    return zlib.compress(array("d", signal.microvolts()).tobytes(), 1)


def _unsealed(vault: Vault, row: Row[tuple[object, ...]]) -> bytes:
    place = place_of_samples(row.tenant, row.person_id, row.source, row.second)
    return vault.unseal(row.samples, bound_to=place)


def _recording(vault: Vault, row: Row[tuple[object, ...]]) -> EcgRecording:
    signal = None
    if row.samples is not None:
        samples = array("d", zlib.decompress(_unsealed(vault, row)))
        signal = EcgSignal(row.rate, row.lead, 1.0, tuple(samples), row.site)
    return EcgRecording(
        verdict=row.verdict,
        vendor_verdict=row.vendor_verdict,
        mean_heart_rate=row.mean_heart_rate,
        signal=signal,
        start=from_micros(row.start),
        end=from_micros(row.end),
        offset_seconds=row.offset_seconds,
        source=row.source,
        device=row.device,
        vendor_id=row.vendor_id,
        flaw=row.flaw,
        algorithm=row.algorithm,
    )
