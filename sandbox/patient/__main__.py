"""`python -m sandbox.patient`: a patient whose patch syncs a stored hour, then streams live."""

from __future__ import annotations

import argparse
import random
import signal
import sys
import time
from pathlib import Path

from sandbox.patient.patch import Patch
from sandbox.patient.strap import Strap, Watch
from sandbox.patient.uplink import ConnectionLost, Refused, TokenRefused, Uplink

HOUR = 3600.0
FIRST_BACK_OFF, LONGEST_BACK_OFF = 0.2, 10.0


def main() -> int:
    """Run until everything is sent, or for ever with --live; 1 where the gateway refuses."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    kind = {None: Patch, "electric": Strap, "optical": Watch}[options.beats]
    patch = kind.switch_on(
        options.data,
        seed=options.patient_seed,
        onset=60 * options.onset_minute,
        fibrillation=60 * options.fibrillation_minutes,
        stored=HOUR if options.stored_hour else 0.0,
    )
    _say(f"session {patch.memory.session}, put on at {patch.memory.origin} us")
    try:
        return _stream(patch, options)
    except KeyboardInterrupt:
        return 0
    finally:
        patch.remember()


def _stream(patch: Patch, options: argparse.Namespace) -> int:
    uplink = Uplink(patch, options.gateway)
    progress = _Progress(patch)
    wait = FIRST_BACK_OFF
    while True:
        try:
            uplink.run(_token(options), live=options.live, progress=progress)
            _say("all sent")
            return 0
        except Refused as error:
            _say(f"refused: {error}")
            return 1
        except (ConnectionLost, TokenRefused) as error:
            wait = FIRST_BACK_OFF if uplink.pop_moved() else min(2 * wait, LONGEST_BACK_OFF)
            _say(f"{error or type(error).__name__}; next try in {wait:.1f} s")
            time.sleep(wait * random.uniform(0.8, 1.2))


class _Progress:
    """Says when the stored hour has arrived."""

    def __init__(self, patch: Patch) -> None:
        self._stored: int | None = patch.recorded

    def __call__(self, acknowledged: int) -> None:
        if self._stored is not None and acknowledged >= self._stored:
            _say(f"{acknowledged} slices synced")
            self._stored = None


def _token(options: argparse.Namespace) -> str:
    """Read the token anew each time: whoever runs the patient may have renewed it."""
    if options.token_file is None:
        return str(options.token)
    return str(options.token_file.read_text()).strip()


def _say(text: str) -> None:
    print(f"patient: {text}", file=sys.stderr, flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m sandbox.patient", description=__doc__)
    parser.add_argument("--gateway", required=True, help="ws://host:port/ecg")
    token = parser.add_mutually_exclusive_group(required=True)
    token.add_argument("--token")
    token.add_argument("--token-file", type=Path, help="read again at each connection")
    parser.add_argument("--data", type=Path, required=True, help="where the patch remembers")
    parser.add_argument(
        "--beats",
        nargs="?",
        const="electric",
        choices=("electric", "optical"),
        help="stream heart beats in place of ECG, as a chest strap or a watch finds them",
    )
    parser.add_argument("--patient-seed", type=int, default=7)
    parser.add_argument("--stored-hour", action="store_true", help="put on an hour ago")
    parser.add_argument("--live", action="store_true", help="go on after what is stored")
    parser.add_argument("--onset-minute", type=float, default=35.0, help="after putting it on")
    parser.add_argument("--fibrillation-minutes", type=float, default=30.0)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
