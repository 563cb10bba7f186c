"""Running one role until it is told to stop."""

from __future__ import annotations

import importlib
import logging
import sys
import threading
from pathlib import Path

import click
import structlog
from structlog.typing import EventDict, Processor

from app.cli import ROLES
from app.listening import require_free
from app.stopping import stop_on_signals
from config.settings import Settings, SettingsError
from config.start_checks import refuse_unsafe

LISTENING = ("web", "api", "gateway")


@click.command()
@click.argument("role", type=click.Choice(ROLES))
@click.pass_obj
def run(config: Path, role: str) -> None:
    """Run ROLE until SIGTERM or Ctrl-C."""
    configure_logging(role)
    settings = load_settings(config)
    refuse_unsafe_start(settings, config)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if role in LISTENING:
        require_free(role, getattr(settings, role))
    stop = threading.Event()
    stop_on_signals(stop)
    structlog.get_logger().info("started")
    importlib.import_module(f"app.roles.{role}").run(settings, stop)
    structlog.get_logger().info("stopped")


def load_settings(config: Path) -> Settings:
    """Read the settings; raises click.ClickException with the mend where they cannot be used."""
    try:
        return Settings.load(config)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


def refuse_unsafe_start(settings: Settings, config: Path) -> None:
    """Raise click.ClickException, naming each fault and its mend, where the site is not safe."""
    try:
        refuse_unsafe(settings, config)
    except SettingsError as error:
        raise click.ClickException(str(error)) from error


def configure_logging(role: str) -> None:
    """Write one JSON line an event to standard error, each naming its role."""
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(message)s")
    structlog.configure(
        processors=[
            _naming(role),
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
    )


def _naming(role: str) -> Processor:
    def name_role(_logger: object, _method: str, event: EventDict) -> EventDict:
        return {"role": role, **event}

    return name_role
