"""Breaks the client on purpose and demands that the tests notice.

`python -m tests.conformance.mutate [--only ID ...]` takes each change in `mutations/` to a copy of
the source tree, runs the named tests there and fails unless every one of them turns red.
"""

from __future__ import annotations

import argparse
import ast
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
COPIED = (
    "app",
    "clinical",
    "config",
    "dashboards",
    "safeguards",
    "smart",
    "wearable_agg",
    "tests/conformance",
)
COPIED_FILES = ("launch.html", "pyproject.toml")
AT_ONCE = 2
SECONDS = 600


@dataclass(frozen=True, slots=True)
class Mutation:
    """One change: `old` becomes `new` in `file`; `tests` must then fail, for rows `ids`."""

    name: str
    ids: tuple[str, ...]
    file: str
    old: str
    new: str
    tests: tuple[str, ...]

    def fault(self) -> str:
        """Why it cannot be taken to the source as it is now, "" where it can."""
        path = ROOT / self.file
        source = path.read_text("utf-8") if path.exists() else ""
        if (times := source.count(self.old)) != 1:
            return f"{self.name}: {times} places in {self.file} for the change"
        return "" if self._parses(source) else f"{self.name}: the changed {self.file} is no Python"

    def changed(self, source: str) -> str:
        """The source with the change."""
        return source.replace(self.old, self.new)

    def _parses(self, source: str) -> bool:
        """Whether the change leaves a program, so that a red test means what it should."""
        try:
            ast.parse(self.changed(source) if self.file.endswith(".py") else "")
        except SyntaxError:
            return False
        return True


def mutations() -> list[Mutation]:
    """Every listed mutation."""
    return [
        Mutation(name, tuple(entry.pop("ids")), tests=tuple(entry.pop("tests")), **entry)
        for path in sorted((HERE / "mutations").glob("*.toml"))
        for name, entry in tomllib.loads(path.read_text("utf-8")).items()
    ]


def survivors(chosen: Sequence[Mutation]) -> Iterator[str]:
    """What each mutation that was not noticed left green, as sentences.

    First all the tests have to be green in an unchanged copy: else a red one proves nothing.
    """
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(AT_ONCE) as pool:
        trees = [_copied(Path(folder) / str(number)) for number in range(AT_ONCE)]
        if red := _red_unchanged(trees[0], chosen):
            yield f"red without any change: {', '.join(red)}"
            return
        shares = [chosen[number::AT_ONCE] for number in range(AT_ONCE)]
        for found in pool.map(_tried_all, trees, shares):
            yield from found


def _tried_all(tree: Path, chosen: Sequence[Mutation]) -> list[str]:
    return [said for mutation in chosen if (said := _tried(tree, mutation))]


def _tried(tree: Path, mutation: Mutation) -> str:
    """Run the mutation's tests in a tree; "" where all of them failed."""
    if fault := mutation.fault():
        return fault
    path = tree / mutation.file
    sound = path.read_text("utf-8")
    path.write_text(mutation.changed(sound), "utf-8")
    try:
        green = _green(tree, mutation.tests)
    finally:
        path.write_text(sound, "utf-8")
    print(f"{'red' if not green else 'GREEN':<6}{mutation.name}", flush=True)
    return f"{mutation.name} was not noticed by {', '.join(green)}" if green else ""


def _red_unchanged(tree: Path, chosen: Sequence[Mutation]) -> list[str]:
    tests = sorted({test for mutation in chosen for test in mutation.tests})
    green = _green(tree, tests)
    return [test for test in tests if f"tests/conformance/{test}" not in green]


def _green(tree: Path, tests: Sequence[str]) -> list[str]:
    """The tests of which no case failed."""
    names = [f"tests/conformance/{test}" for test in tests]
    command = [sys.executable, "-B", "-m", "pytest", "--tb=no", "-rfE"]
    if len(tests) == 1:
        command.append("--exitfirst")
    done = subprocess.run(
        (*command, "--confcutdir=tests/conformance", *names),
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    failed = [line.split()[1] for line in done.stdout.splitlines() if line.startswith(RED)]
    return [name for name in names if not any(_is(each, name) for each in failed)]


RED = ("FAILED ", "ERROR ")


def _is(failed: str, name: str) -> bool:
    return failed == name or failed.startswith(f"{name}[")


def _copied(tree: Path) -> Path:
    unwanted = shutil.ignore_patterns("__pycache__")
    for name in COPIED:
        shutil.copytree(ROOT / name, tree / name, ignore=unwanted)
    for name in COPIED_FILES:
        shutil.copy(ROOT / name, tree / name)
    return tree


def main() -> int:
    """Try the chosen mutations, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="ID", help="names, or ids of requirements")
    only = set(parser.parse_args().only or ())
    chosen = [m for m in mutations() if not only or m.name in only or only & set(m.ids)]
    found = list(survivors(chosen))
    print(f"\n{len(chosen)} mutations, {len(found)} not noticed", *found, sep="\n")
    return 1 if found or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
