"""Writes `docs/register.md`, the guide for a hospital's IT, from the data of the registration page.

Run ``python -m app.registration_guide docs/register.md`` after `config/registration.toml` changed.
"""

from __future__ import annotations

import sys
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.registration_values import addresses, load, systems

WEB = "https://wristchart.hospital.example"
TEMPLATES = Path(__file__).with_name("templates")


def guide() -> str:
    """The guide in Markdown, for a site at an example address."""
    # Markdown, not HTML, out of our own data: escaping would spoil it
    environment = Environment(  # noqa: S701
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, keep_trailing_newline=True
    )
    facts = load()
    return environment.get_template("register.md.jinja").render(
        web=WEB,
        site=addresses(WEB),
        systems=systems(WEB),
        reads=facts.reads,
        does=facts.does,
        standalone=facts.standalone,
        sources=facts.document["sources"],
    )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(guide(), "utf-8")
