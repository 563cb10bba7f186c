"""The command line: `wristchart run ROLE`, `wristchart demo`, and the tools around them."""

from __future__ import annotations

import importlib
from pathlib import Path

import click

ROLES = ("web", "api", "gateway", "worker", "poller", "engine", "delivery")
_COMMANDS = {
    "dead-letters": ("app.dead_letters", "dead_letters"),
    "demo": ("app.demo.command", "demo"),
    "ehr": ("app.ehr.command", "ehr"),
    "import": ("app.importing", "import_export"),
    "link": ("app.link_command", "link"),
    "people": ("app.people_command", "people"),
    "keys": ("app.keys_command", "keys"),
    "outbox": ("app.outbox_command", "outbox"),
    "parse": ("app.parsing", "parse"),
    "poll": ("app.polling", "poll"),
    "replay": ("app.replay", "replay"),
    "run": ("app.running", "run"),
    "strip": ("app.strip_command", "strip"),
    "validate": ("app.validating", "validate"),
    "vault": ("app.vault_command", "vault"),
}


class _LazyGroup(click.Group):
    """Imports a command only when it is asked for, so that each role starts fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        module, name = _COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(module), name)
        return command


@click.command(cls=_LazyGroup)
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    envvar="WRISTCHART_CONFIG",
    default=Path("wristchart.toml"),
    show_default=True,
    help="The site's settings.",
)
@click.version_option(package_name="wristchart")
@click.pass_context
def main(context: click.Context, config: Path) -> None:
    """Wristchart: medications and wearable data on one time axis, inside the EHR."""
    context.obj = config


if __name__ == "__main__":
    main()
