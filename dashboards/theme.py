"""Colours of the figures; app.css holds the same ones for the page (a test compares them).

No meaning rests on red against green: blue and orange are the axis, sleep is one hue by lightness.
"""

from dataclasses import dataclass

from clinical.medications import DrugClass

FONT = "Inter, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, system-ui, sans-serif"


@dataclass(frozen=True, slots=True)
class Theme:
    """One set of colours; `classes` holds edge and fill of a drug class."""

    ink: str
    muted: str
    line: str
    surface: str
    heart: str
    heart_band: str
    hrv: str
    oxygen: str
    steps: str
    sleep: tuple[str, str, str, str]  # deep, light, REM, awake
    alert: str
    alert_wash: str
    gap: str
    classes: dict[DrugClass, tuple[str, str]]
    paper: str
    paper_minor: str
    paper_major: str
    trace: str


LIGHT = Theme(
    ink="#17212b",
    muted="#55606e",
    line="#e3e7ec",
    surface="#ffffff",
    heart="#1f4e79",
    heart_band="rgba(31,78,121,0.16)",
    hrv="#5b4a8a",
    oxygen="#0d6a86",
    steps="#4a6a7c",
    sleep=("#1c3a6e", "#5680c4", "#a9c2ea", "#e0b45c"),
    alert="#b3400a",
    alert_wash="rgba(213,94,0,0.13)",
    gap="rgba(120,130,140,0.16)",
    classes={
        DrugClass.ANTICOAGULANT: ("#6b3fa0", "#e6dbf3"),
        DrugClass.RATE_CONTROL: ("#0b6e66", "#cfe9e5"),
        DrugClass.ANTIARRHYTHMIC: ("#8a3468", "#f5dcea"),
        DrugClass.OTHER: ("#51606e", "#e1e6eb"),
    },
    paper="#fff8f6",
    paper_minor="#fbdcd5",
    paper_major="#efaa9c",
    trace="#111111",
)

DARK = Theme(
    ink="#e8edf2",
    muted="#a3afbb",
    line="#2b3540",
    surface="#151b22",
    heart="#8ec1f0",
    heart_band="rgba(142,193,240,0.20)",
    hrv="#c0aef0",
    oxygen="#7cc8e0",
    steps="#8fb0c2",
    sleep=("#2f62b8", "#6c9ae6", "#bcd3f8", "#e0b04a"),
    alert="#ff9d5c",
    alert_wash="rgba(255,140,60,0.20)",
    gap="rgba(160,170,180,0.16)",
    classes={
        DrugClass.ANTICOAGULANT: ("#cbb0f2", "#3b2d55"),
        DrugClass.RATE_CONTROL: ("#7fd6cb", "#16433f"),
        DrugClass.ANTIARRHYTHMIC: ("#f0a9cf", "#4a2339"),
        DrugClass.OTHER: ("#b3c0cc", "#303b46"),
    },
    paper="#1b1716",
    paper_minor="#3a2824",
    paper_major="#66443c",
    trace="#f3f3f3",
)

THEMES = {"light": LIGHT, "dark": DARK}
