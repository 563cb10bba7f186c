"""The part of `wristchart import` that takes in ECGs a person took, in any format."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click
from sqlalchemy import Engine

from config.settings import Tenant
from safeguards.vault import Vault
from wearable_agg.ecg.formats.detecting import format_of
from wearable_agg.ecg.formats.reading import read_told
from wearable_agg.ecg.recordings import NoRecording
from wearable_agg.intake.ecg_files import NotShared, keep_ecgs
from wearable_agg.measurements.model import EcgRecording
from wearable_agg.vendors.findings import reason_to_doubt

_OPENINGS = (b"PK\x03\x04", b"<")


def is_export(file: Path, kind: str | None) -> bool:
    """Tell an export of the Health app from a file of ECG."""
    if kind is not None and kind != "apple":
        return False
    if not file.is_file():
        return False
    with file.open("rb") as source:
        head = source.read(1 << 16).removeprefix(b"\xef\xbb\xbf").lstrip()
    return head.startswith(_OPENINGS) and b"AnnotatedECG" not in head


def import_ecgs(
    engine: Engine,
    vault: Vault,
    hospital: Tenant,
    person_id: int,
    file: Path,
    kind: str | None,
    start: datetime | None,
) -> str:
    """Take in the ECGs of a file; returns what came of it, for people.

    Raises click.ClickException for what cannot be taken in: then nothing of the file is.
    """
    try:
        told = read_told(file, kind or format_of(file), start)
        for one in told:
            _check(one)
        news = keep_ecgs(engine, vault, hospital.id, person_id, told)
    except NoRecording as fault:
        raise click.ClickException(f"{file}: {fault}") from fault
    except NotShared as fault:
        raise click.ClickException("the patient does not share heart rhythm") from fault
    return f"{news} ECGs taken in, {len(told) - news} known already."


def _check(one: EcgRecording) -> None:
    """Refuse what is no short recording of the past; raises NoRecording."""
    from wearable_agg.afib.spot import LONGEST  # brings the whole analysis: only for this

    if one.signal is not None and one.signal.seconds > LONGEST:
        raise NoRecording(
            f"it lasts {one.signal.seconds:.0f} s: stream it with `wristchart replay`"
        )
    if reason := reason_to_doubt(one, datetime.now(UTC)):
        raise NoRecording(reason)
