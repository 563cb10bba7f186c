"""The Health app's export.zip, and archives that are not what they seem."""

from __future__ import annotations

import stat
import struct
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from safeguards.strict_json import Malformed
from tests.wearable_agg.vendors.made_payloads import ZONE, ecg_file, export, record
from wearable_agg.measurements.model import EcgRecording, Measurement
from wearable_agg.vendors.apple.archive import Caps, read_archive
from wearable_agg.vendors.errors import Unusable
from wearable_agg.vendors.findings import Found, Quarantined

GOOD = {
    "apple_health_export/Exportieren.xml": export(record(), head="<!DOCTYPE HealthData [ ]>"),
    "apple_health_export/export_cda.xml": "<ClinicalDocument/>",
    "apple_health_export/electrocardiograms/ecg_2026-03-14.csv": ecg_file(),
    "apple_health_export/workout-routes/route.gpx": "<gpx/>",
}


def packed(folder: Path, entries: Mapping[str, str]) -> Path:
    path = folder / "export.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in entries.items():
            archive.writestr(name, text)
    return path


def read(path: Path, caps: Caps | None = None) -> list[Found]:
    return list(read_archive(path, ZONE, caps or Caps()))


def test_export_and_ecgs_are_read_whatever_their_names(tmp_path: Path) -> None:
    first, second = read(packed(tmp_path, GOOD))
    assert isinstance(first.item, Measurement)
    assert isinstance(second.item, EcgRecording)
    assert first.path == "apple_health_export/Exportieren.xml:/HealthData/Record[1]/@value"


def test_a_spoiled_ecg_does_not_cost_the_export(tmp_path: Path) -> None:
    found = read(packed(tmp_path, {**GOOD, "ecg.csv": "Name,x\nborn,y\nnonsense"}))
    assert isinstance(found[-1].item, Quarantined)
    assert found[-1].path.startswith("ecg.csv:line 3")


def test_hundreds_of_ecgs_and_routes_are_no_attack(tmp_path: Path) -> None:
    many = {f"electrocardiograms/{n}.csv": ecg_file() for n in range(200)}
    routes = {f"workout-routes/{n}.gpx": "<gpx/>" for n in range(200)}
    assert len(read(packed(tmp_path, {**GOOD, **many, **routes}))) == 202


@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        ({"../../etc/passwd": "x"}, "leads out"),
        ({"/etc/passwd": "x"}, "leads out"),
        ({"..\\windows": "x"}, "leads out"),
        ({"C:/windows": "x"}, "leads out"),
        ({"inner.zip": "PK"}, "an archive inside"),
        ({f"{n}.bin": "x" for n in range(51)}, "more than 50 entries"),
        ({"second.xml": export(record())}, "2 exports inside"),
        ({"bomb.xml": "0" * 5_000_000}, "times its size"),
    ],
)
def test_what_no_export_has(tmp_path: Path, entries: dict[str, str], reason: str) -> None:
    with pytest.raises(Unusable, match=reason):
        read(packed(tmp_path, {**GOOD, **entries}))


def test_an_archive_without_export(tmp_path: Path) -> None:
    with pytest.raises(Unusable, match="0 exports"):
        read(packed(tmp_path, {"readme.txt": "x"}))


def test_a_symbolic_link(tmp_path: Path) -> None:
    path = packed(tmp_path, GOOD)
    link = zipfile.ZipInfo("link.xml")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(link, "/etc/hostname")
    with pytest.raises(Unusable, match="symbolic link"):
        read(path)


def test_an_encrypted_entry(tmp_path: Path) -> None:
    path = packed(tmp_path, GOOD)
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    with pytest.raises(Unusable, match="encrypted"):
        read(path)


def test_an_entry_that_lies_about_its_size(tmp_path: Path) -> None:
    path = packed(tmp_path, {"export.xml": export(*[record()] * 2000)})
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, 200)
    path.write_bytes(data)
    with pytest.raises((Malformed, Unusable)):
        read(path)


@pytest.mark.parametrize("keep", [0, 10, 300])
def test_a_truncated_archive(tmp_path: Path, keep: int) -> None:
    path = packed(tmp_path, GOOD)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(Malformed):
        read(path)


def test_a_file_that_is_no_zip(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    path.write_bytes(b"MZ" * 1000)
    with pytest.raises(Malformed, match="not a zip"):
        read(path)


def test_caps(tmp_path: Path) -> None:
    path = packed(tmp_path, GOOD)
    with pytest.raises(Malformed, match="more than the 100 allowed"):
        read(path, Caps(archive_bytes=100))
    with pytest.raises(Malformed, match="list of entries"):
        read(path, Caps(directory_bytes=100))
    with pytest.raises(Unusable, match="bytes unpacked"):
        read(path, Caps(unpacked_bytes=100))
    with pytest.raises(Unusable, match="more than 3 entries"):
        read(path, Caps(all_entries=3))


def test_a_list_of_entries_longer_than_it_says(tmp_path: Path) -> None:
    path = packed(tmp_path, GOOD)
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rindex(b"PK\x05\x06") + 12, 1 << 30)
    path.write_bytes(data)
    with pytest.raises(Malformed, match="absurd length"):
        read(path)
