"""Who wears a watch in the sandbox, and what is particular about them."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Wearer:
    """One made-up person.

    Rates are beats per minute, RMSSD milliseconds, SpO2 percent, times minutes of the local day.
    `slowing` is how far drugs have lowered the heart rate, as (days ago, beats) corner points.
    `unworn`, `afib` and `taken_off` list days ago: not worn at all, with a bout of fast irregular
    rhythm, taken off in the morning.
    """

    id: str
    name: str
    seed: int
    zone: ZoneInfo
    device: str
    resting_rate: float
    daily_steps: float
    weekend_factor: float
    rmssd: float
    oxygen: float
    bedtime: int
    waking: int
    weight: float
    slowing: tuple[tuple[float, float], ...] = ((0.0, 0.0),)
    unworn: tuple[int, ...] = ()
    taken_off: tuple[int, ...] = ()
    afib: tuple[int, ...] = ()


_OSLO = ZoneInfo("Europe/Oslo")

MARIT = Wearer(
    id="marit",
    name="Marit Solheim",
    seed=4417,
    zone=_OSLO,
    device="Pixel Watch 3",
    resting_rate=77.0,
    daily_steps=5600.0,
    weekend_factor=0.72,
    rmssd=31.0,
    oxygen=95.6,
    bedtime=22 * 60 + 50,
    waking=6 * 60 + 50,
    weight=71.4,
    slowing=((0, 17), (9, 17), (14, 10), (35, 10), (41, 5), (62, 5), (70, 0)),
    unworn=(30, 31, 32, 33, 118, 119, 204, 205, 206),
    taken_off=(9, 77),
    afib=(11, 19, 25, 27, 36, 38, 44, 47, 51, 55, 58, 63, 66, 71, 74, 79, 83, 86),
)
AMARA = Wearer(
    id="amara",
    name="Amara Okafor",
    seed=1123,
    zone=_OSLO,
    device="Fitbit Charge 6",
    resting_rate=64.0,
    daily_steps=8300.0,
    weekend_factor=1.18,
    rmssd=44.0,
    oxygen=97.1,
    bedtime=23 * 60 + 20,
    waking=6 * 60 + 30,
    weight=66.0,
    slowing=((0, 0), (180, 0), (210, -5), (365, -5)),
    unworn=(28, 29, 30, 31, 150, 151, 152, 153, 154, 260),
    taken_off=(3, 98),
)
JONAS = Wearer(
    id="jonas",
    name="Jonas Berg",
    seed=702,
    zone=_OSLO,
    device="ScanWatch 2",
    resting_rate=68.0,
    daily_steps=4300.0,
    weekend_factor=0.9,
    rmssd=24.0,
    oxygen=94.8,
    bedtime=22 * 60 + 20,
    waking=6 * 60 + 10,
    weight=84.2,
    slowing=((0, 4), (120, 4), (128, 0)),
    unworn=(32, 33, 34, 35, 90, 171, 172, 300, 301),
    taken_off=(6, 140),
    afib=(22, 96),
)

ELENA = Wearer(
    id="elena",
    name="Elena Rossi",
    seed=6633,
    zone=_OSLO,
    device="Pixel Watch 2",
    resting_rate=61.0,
    daily_steps=7100.0,
    weekend_factor=1.04,
    rmssd=38.0,
    oxygen=96.4,
    bedtime=22 * 60 + 40,
    waking=6 * 60 + 20,
    weight=62.8,
    unworn=(26, 27, 28, 29, 30, 188, 189, 243),
    taken_off=(12, 159),
    afib=(45, 131),
)

WEARERS = {wearer.id: wearer for wearer in (MARIT, AMARA, JONAS, ELENA)}
