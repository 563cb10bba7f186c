"""Run the vendors' simulators: python -m sandbox.vendors --listen HOST:PORT ..."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType

from waitress import create_server

from sandbox.vendors.apps import load_apps
from sandbox.vendors.server import create_app, open_world
from sandbox.vendors.timeline import Timeline


def main() -> None:
    """Serve until the process is told to stop."""
    options = _options()
    host, _, port = options.listen.rpartition(":")
    apps = load_apps(options.apps)
    world = open_world(options.data, apps, options.url, options.rate_scale, options.pace)
    server = create_server(create_app(world), host=host, port=int(port), threads=8)
    timeline = Timeline(world)
    timeline.start()
    signal.signal(signal.SIGTERM, _leave)
    try:
        server.run()
    finally:
        server.close()
        timeline.stop()
        world.store.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="sandbox.vendors", description=__doc__)
    parser.add_argument("--listen", default="127.0.0.1:8401", help="host and port")
    parser.add_argument("--url", default="http://127.0.0.1:8401", help="address for browsers")
    parser.add_argument("--data", type=Path, required=True, help="folder for the state")
    parser.add_argument("--apps", type=Path, required=True, help="registered apps, JSON")
    parser.add_argument(
        "--rate-scale",
        type=float,
        default=60.0,
        help="rate-limit windows are one minute divided by this (1: as the vendors)",
    )
    parser.add_argument("--pace", type=float, default=1.0, help="stretches the scripted delays")
    return parser.parse_args()


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main()
