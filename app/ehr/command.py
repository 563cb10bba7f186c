"""`wristchart ehr`: an EHR is added, and checked, from the command line."""

from __future__ import annotations

import click

from app.ehr.add import add
from app.ehr.check import check


@click.group()
def ehr() -> None:
    """Add an EHR to the site's registry, or check one."""


ehr.add_command(add)
ehr.add_command(check)
