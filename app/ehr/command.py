"""`wristchart ehr`: an EHR is added, and checked, from the command line."""

from __future__ import annotations

import click

from app.ehr.add import add
from app.ehr.check import check
from app.ehr.probe import probe


@click.group()
def ehr() -> None:
    """Add an EHR to the site's registry, check one, or try out how it takes writes."""


ehr.add_command(add)
ehr.add_command(check)
ehr.add_command(probe)
