"""`wristchart validate`: the analysis against annotated records, by the rules of EC57."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import click

from safeguards.strict_json import dumps
from wearable_agg.ecg.recordings import NoRecording
from wearable_agg.validation import tables
from wearable_agg.validation.detecting import beats_of, detect
from wearable_agg.validation.ec57 import compare_beats
from wearable_agg.validation.records import AnnotatedRecord, read_annotated, records_at
from wearable_agg.validation.scoring import Tally, score

PATH = click.argument("path", type=click.Path(path_type=Path, exists=False))
AS_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")


@click.group()
def validate() -> None:
    """Run the streaming analysis over annotated records and print EC57's figures."""


@validate.command()
@PATH
@AS_JSON
def beats(path: Path, as_json: bool) -> None:
    """Score beat detection on the WFDB records at PATH, a folder or one record."""
    tallies = _scored(path, _beats)
    rules = _with_note(tables.BEAT_RULES, tables.without_waveform(tallies, "left out"))
    _print(tallies, as_json, rules, tables.beats_table)


@validate.command()
@PATH
@AS_JSON
def rhythm(path: Path, as_json: bool) -> None:
    """Score atrial fibrillation on the WFDB records at PATH, a folder or one record."""
    tallies = _scored(path, lambda record: score(record.reference, detect(record)))
    note = tables.without_waveform(tallies, "run on annotated beats")
    _print(tallies, as_json, _with_note(tables.RHYTHM_RULES, note), _beats_and_rhythm)


@validate.command()
@PATH
@AS_JSON
def spot(path: Path, as_json: bool) -> None:
    """Score the four classes of short recordings on a CinC 2017 file (.npz) at PATH."""
    from wearable_agg.validation.spot import f1_of, read_challenge, verdict_on

    try:
        made = f1_of((record.label, verdict_on(record)) for record in read_challenge(path))
    except NoRecording as error:
        raise click.BadParameter(str(error), param_hint="PATH") from error
    if as_json:
        click.echo(dumps({"f1": made}))
        click.echo(tables.SPOT_RULES, err=True)
    else:
        click.echo(f"{tables.SPOT_RULES}\n\n{tables.spot_table(made)}")


def _scored(path: Path, scorer: Callable[[AnnotatedRecord], Tally]) -> dict[str, Tally]:
    try:
        records = map(read_annotated, records_at(path))
        return {one.name: replace(scorer(one), on_beats=one.recording is None) for one in records}
    except NoRecording as error:
        raise click.BadParameter(str(error), param_hint="PATH") from error


def _with_note(rules: str, note: str) -> str:
    return f"{rules}\n{note}" if note else rules


def _beats(record: AnnotatedRecord) -> Tally:
    reference = record.reference
    if record.recording is None or reference.beats is None:
        return Tally()
    found = beats_of(record.recording)
    return Tally(beats=compare_beats(reference.beats, found, reference.left_out))


def _beats_and_rhythm(tallies: Mapping[str, Tally]) -> str:
    parts = [tables.beats_table(tallies)] if any(t.beats for t in tallies.values()) else []
    return "\n\n".join([*parts, tables.rhythm_table(tallies)])


def _print(
    tallies: Mapping[str, Tally],
    as_json: bool,
    rules: str,
    table: Callable[[Mapping[str, Tally]], str],
) -> None:
    if as_json:
        click.echo(dumps(tables.as_json(tallies)))
        click.echo(rules, err=True)
    else:
        click.echo(f"{rules}\n\n{table(tallies)}")
