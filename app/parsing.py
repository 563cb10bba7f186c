"""`wristchart parse`: what files of a vendor's say, one JSON document a line."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from safeguards.strict_json import Malformed, dumps
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.files import VENDORS, read_file
from wearable_agg.vendors.findings import Quarantined, with_doubts
from wearable_agg.vendors.lines import line_of

PROBLEM = 2


def _zone(context: click.Context, parameter: click.Parameter, name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise click.BadParameter(f"{name} is no time zone", context, parameter) from None


@click.command()
@click.argument("vendor", type=click.Choice(VENDORS))
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False, readable=True),
)
@click.option(
    "--timezone",
    callback=_zone,
    default="UTC",
    show_default=True,
    help="Places days that a vendor names by their date only.",
)
def parse(vendor: str, files: tuple[Path, ...], timezone: ZoneInfo) -> None:
    """Print what FILES of VENDOR say, as JSON lines.

    A value that cannot be true is printed as quarantined. Problems are told on standard error,
    by file and place; what cannot be read at all makes the command exit with 2.
    """
    outcomes = [_parse(vendor, file, timezone) for file in files]
    sys.exit(0 if all(outcomes) else PROBLEM)


def _parse(vendor: str, file: Path, zone: ZoneInfo) -> bool:
    """Print one file; returns whether all of it could be read."""
    good = True
    try:
        for found in with_doubts(read_file(vendor, file, zone), datetime.now(UTC)):
            click.echo(dumps(line_of(vendor, found)))
            if isinstance(found.item, Quarantined):
                good = good and found.item.record is not None
                _complain(file, f"{found.path}: {found.item.reason}")
    except (Malformed, Unusable, OSError) as fault:
        good = False
        _complain(file, str(fault))
    return good


def _complain(file: Path, problem: str) -> None:
    click.echo(f"{file}: {problem}", err=True)
