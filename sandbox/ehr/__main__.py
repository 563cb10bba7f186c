"""Start the demo EHR.

::

    python -m sandbox.ehr --listen 127.0.0.1:8400 --url http://localhost:8400 \\
        --data DIR --clients FILE.json [--app-launch-url URL] [--personality NAME]

``--url`` is how browsers and apps reach the server. ``--data`` is filled with synthetic charts at
the first start and kept afterwards. ``--app-launch-url`` replaces the launch URL of the framed app.
``--personality`` says how it behaves when apps write (``sandbox.ehr.personality``); one EHR of each
kind is besides at ``URL/as/NAME``, with its FHIR base at ``URL/as/NAME/fhir``.

``--clients`` names a JSON list of the registered apps, each an object with

* ``client_id``, ``scopes`` (list of SMART v2 scopes) and ``kind``: ``public`` (no authentication),
  ``symmetric`` (HTTP Basic), ``asymmetric`` (private_key_jwt) or ``backend`` (Backend Services);
* ``redirect_uris``: list, compared to the letter (all kinds but ``backend``);
* ``client_secret`` (``symmetric``); ``jwks_uri`` or ``jwks`` (``asymmetric`` and ``backend``);
* optional: ``name``, ``launch_url`` (the first app that has one is framed in the charts), and
  ``access_token_seconds`` (default 900, for ``backend`` 300).

``system/`` scopes belong to ``backend`` clients and to no others. A refresh token is given where
``offline_access`` or ``online_access`` is registered and asked for.

Stops on SIGTERM and Ctrl-C; a killed server loses nothing it has answered.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

from waitress import create_server

from sandbox.ehr.app import Hospitals
from sandbox.ehr.clients import BadRegistration, load_clients
from sandbox.ehr.personality import PERSONALITIES
from sandbox.ehr.settings import Settings

THREADS = 16


def main() -> None:
    """Parse the command line and serve until told to stop."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.ehr", description="The demo EHR.")
    parser.add_argument("--listen", required=True, metavar="HOST:PORT")
    parser.add_argument("--url", required=True, help="how browsers and apps reach the server")
    parser.add_argument("--data", required=True, type=Path, metavar="DIR")
    parser.add_argument("--clients", required=True, type=Path, metavar="FILE.json")
    parser.add_argument("--app-launch-url", metavar="URL")
    parser.add_argument("--personality", choices=sorted(PERSONALITIES), default="atomic")
    options = parser.parse_args()
    try:
        clients = load_clients(options.clients)
    except (BadRegistration, OSError) as error:
        parser.error(str(error))
    url = options.url.rstrip("/")
    like = PERSONALITIES[options.personality]
    settings = Settings(url, options.data, clients, options.app_launch_url, personality=like)
    serve(settings, options.listen)


def serve(settings: Settings, listen: str) -> None:
    """Answer requests on ``HOST:PORT`` until SIGTERM or SIGINT."""
    signal.signal(signal.SIGTERM, _stop)
    scheme = urlsplit(settings.url).scheme  # a proxy may end TLS in front of it
    server = create_server(Hospitals(settings), listen=listen, threads=THREADS, url_scheme=scheme)
    print(f"Sandbox EHR on {settings.url}", flush=True)
    server.run()
    server.close()


def _stop(number: int, frame: FrameType | None) -> None:
    sys.exit(0)


if __name__ == "__main__":
    main()
