"""What of an ECG file is streamed: the stretches of one lead, and when each begins."""

from __future__ import annotations

import hashlib
import time
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from wearable_agg.ecg.beat_recordings import BeatRecording
from wearable_agg.ecg.formats.reading import read_recordings
from wearable_agg.ecg.recordings import NoRecording, Recording, read_wfdb


def stretches_of(file: Path, kind: str, lead: str | None) -> list[Recording]:
    """Return the unbroken stretches of a lead, by default of the best for rhythm, in their order.

    Raises NoRecording.
    """
    if kind == "wfdb":
        return [read_wfdb(file, lead)]
    found = read_recordings(file, kind)
    chosen = found[0].lead if lead is None else lead
    mine = [one for one in found if one.lead == chosen]
    if not mine:
        there = sorted({one.lead or "one without a name" for one in found})
        raise NoRecording(f"no lead {lead}: there is {', '.join(there)}")
    return _one_after_another(mine)


def begins(
    stretches: Sequence[Recording | BeatRecording], start: datetime | None, speed: float
) -> list[datetime]:
    """Return when each stretch begins: as stated, else as the file says, else to end now.

    Where `start` is stated the first begins then. Stretches of unknown time follow each other; to
    end now counts in that sending takes a while at `speed`, 0 for at once.
    """
    first = start_of(stretches[0])
    whole = sum(one.seconds for one in stretches)
    ends_in = whole / speed if speed else 0.0
    now = datetime.fromtimestamp(time.time(), UTC)
    due = start or first or now + timedelta(seconds=ends_in - whole)
    shift = due - first if first else timedelta()
    made = []
    for one in stretches:
        stated = start_of(one)
        begin = max(due, stated + shift) if stated else due
        made.append(begin)
        due = begin + timedelta(seconds=one.seconds)
    return made


def start_of(recording: Recording | BeatRecording) -> datetime | None:
    """Return when a recording began, None where its file does not say so."""
    return recording.start if isinstance(recording, Recording) else None


def session_of(patient: str, recording: Recording | BeatRecording, begin: datetime | None) -> str:
    """Return the UUID of a session: the same for the same ECG of a known time."""
    if begin is None or isinstance(recording, BeatRecording):
        return str(uuid.uuid4())
    samples = hashlib.sha256(recording.counts.tobytes()).hexdigest()
    told = (patient, recording.lead, f"{recording.rate}", begin.isoformat(), samples)
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "|".join(told)))


def _one_after_another(recordings: Sequence[Recording]) -> list[Recording]:
    """Leave out what was recorded at the same time, such as a second signal of the same name."""
    kept: list[Recording] = []
    end: datetime | None = None
    for one in recordings:
        if one.start and end and one.start < end:
            continue
        kept.append(one)
        end = one.start + timedelta(seconds=one.seconds) if one.start else None
    return kept
