"""`wristchart strip`: a stretch of a recorded ECG on paper."""

from __future__ import annotations

from pathlib import Path

import click

from wearable_agg.ecg.formats.reading import FORMATS, read_recordings
from wearable_agg.ecg.paper import Strip, as_png, as_svg
from wearable_agg.ecg.recordings import NoRecording, Recording

SHORTEST, LONGEST = 0.1, 120.0


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("picture", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--format", "kind", type=click.Choice(FORMATS), help="Told from the content if not given."
)
@click.option("--lead", help="Which lead; the first if not given.")
@click.option("--at", default=0.0, show_default=True, help="Seconds from the start.")
@click.option(
    "--seconds", default=10.0, show_default=True, type=click.FloatRange(SHORTEST, LONGEST)
)
@click.option("--title", help="What is printed above it.")
def strip(
    file: Path,
    picture: Path,
    kind: str | None,
    lead: str | None,
    at: float,
    seconds: float,
    title: str | None,
) -> None:
    """Draw a stretch of the ECG in FILE at 25 mm/s and 10 mm/mV into PICTURE (.svg or .png)."""
    if picture.suffix not in (".svg", ".png"):
        raise click.BadParameter("a name that ends in .svg or .png", param_hint="PICTURE")
    try:
        recording = _chosen(read_recordings(file, kind), lead)
    except NoRecording as error:
        raise click.BadParameter(str(error), param_hint="FILE") from error
    drawn = _strip(recording, at, seconds, title)
    image = as_svg(drawn).encode() if picture.suffix == ".svg" else as_png(drawn)
    try:
        picture.write_bytes(image)
    except OSError as error:
        raise click.FileError(str(picture), error.strerror) from error


def _chosen(recordings: list[Recording], lead: str | None) -> Recording:
    named = [one for one in recordings if lead is None or one.lead == lead]
    if not named:
        there = ", ".join(one.lead or "one without a name" for one in recordings)
        raise NoRecording(f"no lead {lead}: there is {there}")
    return named[0]


def _strip(recording: Recording, at: float, seconds: float, title: str | None) -> Strip:
    if not SHORTEST <= seconds <= LONGEST:  # a range lets NaN through
        raise click.BadParameter("not a length", param_hint="--seconds")
    lasts = click.BadParameter(f"the recording lasts {recording.seconds:.1f} s", param_hint="--at")
    if not 0 <= at < recording.seconds:
        raise lasts
    first = round(at * recording.rate)
    counts = recording.counts[first : first + round(seconds * recording.rate)]
    if not len(counts):
        raise lasts
    words = title or f"{recording.name} {recording.lead} from {at:g} s"
    return Strip(recording.millivolts(counts), recording.rate, words)
