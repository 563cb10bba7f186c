"""Runs the test groups and says which ran, which could not, and why.

`python -m tests.run [--long] [GROUP ...]`. With CI=true a group that cannot run is a failure.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

from tests.support.places import chromium, shared_data

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
SOME_FAILED = 1  # pytest's exit code; tests with time limits may fail while both cores are busy
ROOM_BYTES = 4 * 1024**3


@dataclass(frozen=True)
class Group:
    """A kind of test: how to run it, in a short and a long form, and what it cannot do without."""

    name: str
    short: tuple[str, ...]
    long: tuple[str, ...] = ()
    lacks: Callable[[], str | None] = lambda: None
    analyses: bool = True  # runs the rhythm analysis, and waits until it is compiled
    beside: bool = False  # in the second lane: what waits for servers and browsers, and a short one

    def command(self, long: bool) -> tuple[str, ...]:
        """Return the command of the short or the long form."""
        return self.long if long and self.long else self.short


def tool(name: str, *arguments: str) -> tuple[str, ...]:
    return (str(BIN / name), *arguments)


def tests(marks: str, *arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "pytest", "-m", marks, *arguments)


def no_browser() -> str | None:
    return None if chromium() else "no Chromium: apt-get install chromium, or set CHROMIUM"


def no_records() -> str | None:
    return None if shared_data() else "no annotated records: set WRISTCHART_SHARED_DATA"


PLAIN = "not browser and not faults and not external"
# Each worker takes seconds to begin: more than there are cores only where tests wait for others.
BUSY = ("-n", "2", "--dist", "loadfile")
ONE_BY_ONE = ("-n", "3", "--dist", "load")
IN_CHROMIUM = ("-n", "3", "--dist", "loadgroup")


def marked(
    name: str,
    marks: str,
    *arguments: str,
    lacks: Callable[[], str | None] = lambda: None,
    analyses: bool = True,
    beside: bool = False,
) -> Group:
    """A group of pytest marks, its short form without what is marked long."""
    kept = ("-o", f"cache_dir=build/pytest/{name}")
    short = tests(f"{marks} and not long", *arguments, *kept)
    return Group(name, short, tests(marks, *arguments, *kept), lacks, analyses, beside)


def files_of(mark: str) -> tuple[str, ...]:
    """The test files that name a mark: to collect all for a few takes each worker long."""
    found = sorted((ROOT / "tests").rglob("test_*.py"))
    return tuple(
        str(path.relative_to(ROOT)) for path in found if f"mark.{mark}" in path.read_text()
    )


GROUPS = (
    Group("format", tool("ruff", "format", "--check", "--quiet", "."), analyses=False),
    Group("lint", tool("ruff", "check", "--quiet", "."), analyses=False),
    Group("types", tool("mypy", "--no-error-summary"), analyses=False),
    Group("imports", tool("lint-imports"), analyses=False),
    marked("conformance", PLAIN, *BUSY, "tests/conformance", analyses=False),
    marked("unit", PLAIN, *BUSY, "--ignore=tests/conformance"),
    marked("external", "external", *BUSY, *files_of("external"), lacks=no_records, beside=True),
    marked("faults", "faults", *ONE_BY_ONE, *files_of("faults"), beside=True),
    marked("browser", "browser", *IN_CHROMIUM, *files_of("browser"), lacks=no_browser, beside=True),
    Group("demo", (sys.executable, "-m", "tests.demo_check"), lacks=no_browser, beside=True),
)


@dataclass(frozen=True)
class Outcome:
    """How one group ended."""

    group: Group
    state: str
    seconds: float
    why: str = ""
    code: int = 0


def environment() -> dict[str, str]:
    """Return the environment of a group: temporary files in memory where the machine has room.

    The stores wait for the disk at each commit; on a shared disk that is most of a test's time.
    """
    memory = Path("/dev/shm")  # noqa: S108  # pytest makes a folder of its own in it
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > ROOM_BYTES
    return {**os.environ, "PYTEST_DEBUG_TEMPROOT": str(memory)} if roomy else dict(os.environ)


def run(group: Group, long: bool, held: bool = False) -> Outcome:
    """Run one group, its output going to the terminal; held, all of it at the end."""
    missing = group.lacks()
    if missing:
        state = "FAILED" if os.environ.get("CI") == "true" else "could not run"
        return Outcome(group, state, 0.0, missing)
    command = group.command(long)
    heading = f"\n== {group.name}: {' '.join(command[-6:])}"
    print(f"\n== {group.name} begins" if held else heading, flush=True)
    begun = time.monotonic()
    done = subprocess.run(
        command,
        cwd=ROOT,
        check=False,
        env=environment(),
        stdout=subprocess.PIPE if held else None,
        stderr=subprocess.STDOUT if held else None,
        text=True,
    )
    if held:
        print(f"{heading}\n{done.stdout}", flush=True)
    seconds = time.monotonic() - begun
    if done.returncode == 0:
        return Outcome(group, "passed", seconds)
    return Outcome(group, "FAILED", seconds, f"exit {done.returncode}", done.returncode)


def side_by_side(groups: Sequence[Group], long: bool) -> list[Outcome]:
    """Run those that may beside the others, each lane one after the other."""
    lanes = [[group for group in groups if group.beside is beside] for beside in (False, True)]
    held = all(lanes)
    with ThreadPoolExecutor(len(lanes)) as pool:
        ended = pool.map(lambda lane: [run(group, long, held) for group in lane], lanes)
        return [outcome for lane in ended for outcome in lane]


def once_more(outcome: Outcome, long: bool) -> Outcome:
    """Run the tests of a group that failed again, with the machine to themselves."""
    command = outcome.group.command(long)
    if outcome.code != SOME_FAILED or "pytest" not in command:
        return outcome
    print(f"\n== {outcome.group.name}: those that failed once more, alone", flush=True)
    begun = time.monotonic()
    alone = (*command, "-n", "0", "--last-failed", "--last-failed-no-failures", "none")
    code = subprocess.run(alone, cwd=ROOT, check=False, env=environment()).returncode
    seconds = outcome.seconds + time.monotonic() - begun
    if code == 0:
        return Outcome(outcome.group, "passed", seconds, "some only when run alone")
    return Outcome(outcome.group, "FAILED", seconds, f"exit {code}, alone too", code)


def report(outcomes: list[Outcome]) -> int:
    """Print the table of groups; return how many failed."""
    print(f"\n{'group':<14}{'state':<16}{'seconds':>8}  why")
    for outcome in outcomes:
        print(f"{outcome.group.name:<14}{outcome.state:<16}{outcome.seconds:>8.1f}  {outcome.why}")
    failed = sum(outcome.state == "FAILED" for outcome in outcomes)
    passed = sum(outcome.state == "passed" for outcome in outcomes)
    print(f"\ngroups: {passed} passed, {failed} failed, {len(outcomes) - passed - failed} skipped")
    return failed


def compiling() -> subprocess.Popen[bytes]:
    """Compile the rhythm analysis meanwhile, or each worker would; leaving waits for its end."""
    return subprocess.Popen([sys.executable, "-m", "wearable_agg.afib"], cwd=ROOT)


def _group(name: str) -> str:
    """Return the name of a group; argparse's own choices refuse that none is named."""
    if name not in {group.name for group in GROUPS}:
        raise argparse.ArgumentTypeError(f"no group {name!r}")
    return name


def main() -> int:
    """Run the chosen groups, all of them by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", action="store_true", help="run the full forms")
    names = [group.name for group in GROUPS]
    parser.add_argument("group", nargs="*", type=_group, metavar="GROUP", help=", ".join(names))
    chosen = parser.parse_args()
    groups = [group for group in GROUPS if not chosen.group or group.name in chosen.group]
    with compiling() if any(group.analyses for group in groups) else nullcontext():
        outcomes = [run(group, chosen.long) for group in groups if not group.analyses]
    outcomes += side_by_side([group for group in groups if group.analyses], chosen.long)
    outcomes = [once_more(outcome, chosen.long) for outcome in outcomes]
    return 1 if report(outcomes) else 0


if __name__ == "__main__":
    sys.exit(main())
