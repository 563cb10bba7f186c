"""Archives that want to harm whoever imports them, made anew for each test.

    python -m tests.support.hostile_exports FOLDER

imports each of a folder and tells as JSON what came of it.
"""

from __future__ import annotations

import io
import json
import re
import resource
import stat
import struct
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from safeguards.strict_json import Malformed
from tests.support.backend import open_world
from tests.support.exports import imported, packed, sharing_person
from tests.wearable_agg.vendors.made_payloads import ecg_file, export, record
from wearable_agg.vendors.errors import Unusable

SECRET = "THE-CONTENT-OF-A-FILE-OF-OURS"
GOOD = export(record())
INSIDE = "apple_health_export/export.xml"


def _export(name: str, text: str) -> Callable[[Path], None]:
    return lambda folder: _pack(folder / name, {INSIDE: text})


def _pack(path: Path, entries: dict[str, str]) -> None:
    packed(path, entries)


def _with(name: str, **entries: str) -> Callable[[Path], None]:
    more = {key.replace("__", "/").replace("_DOT_", "."): text for key, text in entries.items()}
    return lambda folder: _pack(folder / name, {INSIDE: GOOD, **more})


def _laughs() -> str:
    lines = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))
    head = f'<!DOCTYPE HealthData [<!ENTITY l0 "lol">{lines}]>'
    return export(record(sourceName="&l11;"), head=head)


def _external(kind: str) -> str:
    head = f'<!DOCTYPE HealthData [<!ENTITY {kind} x SYSTEM "SECRET_FILE">{"%x;" if kind else ""}]>'
    return export(record(sourceName="&x;"), head=head)


def _bomb(folder: Path) -> None:
    """Two gigabytes of zeros in two megabytes."""
    with (
        zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
        archive.open(INSIDE, "w", force_zip64=True) as entry,
    ):
        zeros = bytes(1 << 22)
        for _ in range(64):
            entry.write(zeros)


def _liar(folder: Path) -> None:
    """An entry that says it is short."""
    path = packed(folder / "liar.zip", {INSIDE: export(*[record()] * 4000)})
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.index(b"PK\x01\x02") + 24, 300)
    path.write_bytes(data)


def _link(folder: Path) -> None:
    path = packed(folder / "link.zip", {INSIDE: GOOD})
    link = zipfile.ZipInfo("apple_health_export/link.xml")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, str(folder / "secret.txt"))


def _nested(folder: Path) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("export.xml", GOOD)
    with zipfile.ZipFile(folder / "nested.zip", "w") as archive:
        archive.writestr("export.xml", GOOD)
        archive.writestr("again.zip", inner.getvalue())


def _encrypted(folder: Path) -> None:
    path = packed(folder / "encrypted.zip", {INSIDE: GOOD})
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)


def _cut(folder: Path) -> None:
    path = packed(folder / "cut.zip", {INSIDE: export(*[record()] * 500)})
    path.write_bytes(path.read_bytes()[:-200])


def _no_zip(folder: Path) -> None:
    (folder / "picture.zip").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(5000))


def _crowd(folder: Path) -> None:
    with zipfile.ZipFile(folder / "crowd.zip", "w") as archive:
        archive.writestr(INSIDE, GOOD)
        for number in range(20_001):
            archive.writestr(f"workout-routes/{number}.gpx", "")


def _crossed(folder: Path) -> None:
    """A list of entries that the end record says is a gigabyte long."""
    path = packed(folder / "crossed.zip", {INSIDE: GOOD})
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rindex(b"PK\x05\x06") + 12, 1 << 30)
    path.write_bytes(data)


CORPUS: dict[str, tuple[Callable[[Path], None], str]] = {
    "laughs.zip": (_export("laughs.zip", _laughs()), "undefined entity"),
    "entity.zip": (_export("entity.zip", _external("")), "undefined entity"),
    "parameter.zip": (_export("parameter.zip", _external("%")), "undefined entity"),
    "endless.zip": (
        _export("endless.zip", "<!DOCTYPE HealthData [" + "<!-- x -->" * 60_000),
        "does not end",
    ),
    "deep.zip": (_export("deep.zip", export("<a>" * 50_000)), "nested deeper"),
    "wide.zip": (
        _export("wide.zip", export(record(sourceName="x" * 6_000_000))),
        "times its size",
    ),
    "bomb.zip": (_bomb, "times its size"),
    "liar.zip": (_liar, "not a zip that can be read"),
    "slip.zip": (_with("slip.zip", **{"..__..__etc__cron": "x"}), "leads out of the archive"),
    "absolute.zip": (_with("absolute.zip", __etc__passwd="x"), "leads out of the archive"),
    "link.zip": (_link, "symbolic link"),
    "nested.zip": (_nested, "archive inside the archive"),
    "encrypted.zip": (_encrypted, "encrypted"),
    "cut.zip": (_cut, "not a zip"),
    "picture.zip": (_no_zip, "not a zip"),
    "crowd.zip": (_crowd, "more than 20000 entries"),
    "crossed.zip": (_crossed, "absurd length"),
    "ecg.zip": (
        _with(
            "ecg.zip", ecg_DOT_csv=ecg_file(*[f"{n * 7919 % 10007}.5" for n in range(1_000_001)])
        ),
        "more than 1000000 samples",
    ),
    "wrong.zip": (_export("wrong.zip", "<ClinicalDocument/>"), "0 exports inside"),
}
"""By file: what makes it, and what is to be said of it."""


def make(folder: Path) -> None:
    """Write the corpus, and a file that nobody may read through it."""
    (folder / "secret.txt").write_text(SECRET, "utf-8")
    for write, _ in CORPUS.values():
        write(folder)
    for name in ("entity.zip", "parameter.zip"):
        with zipfile.ZipFile(folder / name) as archive:
            text = archive.read(INSIDE).decode().replace("SECRET_FILE", f"{folder}/secret.txt")
        packed(folder / name, {INSIDE: text})


def main() -> None:
    """Import every archive of a folder."""
    folder = Path(sys.argv[1])
    world = open_world(folder / "site")
    person = sharing_person(world)
    for path in sorted(folder.glob("*.zip")):
        began, said = time.perf_counter(), ""
        try:
            tally = imported(world, person, path)
            said = ", ".join(tally.refused)
        except (Malformed, Unusable) as fault:
            said = str(fault)
        seconds = time.perf_counter() - began
        print(json.dumps({"file": path.name, "said": said, "seconds": seconds}), flush=True)
    world.engine.dispose()
    print(json.dumps({"peak_megabytes": peak_megabytes()}))


def peak_megabytes() -> float:
    """The most memory this process has held since it began; `getrusage` counts its parent's too."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    [peak] = re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())
    return int(peak) / 1024


if __name__ == "__main__":
    main()
