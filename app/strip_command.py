"""`wristchart strip`: a stretch of a recorded ECG on paper."""

from __future__ import annotations

from pathlib import Path

import click

from wearable_agg.ecg.formats.reading import FORMATS, read_recordings
from wearable_agg.ecg.paper import Strip, as_png, as_svg
from wearable_agg.ecg.recordings import NoRecording, Recording

LONGEST = 120.0


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("picture", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--format", "kind", type=click.Choice(FORMATS), default="wfdb", show_default=True)
@click.option("--lead", help="Which lead; the first if not given.")
@click.option("--at", default=0.0, show_default=True, help="Seconds from the start.")
@click.option("--seconds", default=10.0, show_default=True, type=click.FloatRange(0.1, LONGEST))
@click.option("--title", help="What is printed above it.")
def strip(
    file: Path,
    picture: Path,
    kind: str,
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
    if picture.suffix == ".svg":
        picture.write_text(as_svg(drawn), "utf-8")
    else:
        picture.write_bytes(as_png(drawn))


def _chosen(recordings: list[Recording], lead: str | None) -> Recording:
    named = [one for one in recordings if lead is None or one.lead == lead]
    if not named:
        raise NoRecording(f"no lead {lead}: there is {', '.join(one.lead for one in recordings)}")
    return named[0]


def _strip(recording: Recording, at: float, seconds: float, title: str | None) -> Strip:
    first = round(at * recording.rate)
    counts = recording.counts[first : first + round(seconds * recording.rate)]
    if first < 0 or not len(counts):
        raise click.BadParameter(
            f"the recording lasts {recording.seconds:.1f} s", param_hint="--at"
        )
    words = title or f"{recording.name} {recording.lead} from {at:g} s"
    return Strip(recording.millivolts(counts), recording.rate, words)
