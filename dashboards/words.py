"""How the page says durations, days and moments."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from clinical.verdicts import RhythmEvent

HISTORY_COMING = "history still coming in"
NO_BREAK = "\N{NO-BREAK SPACE}"


def duration(length: timedelta) -> str:
    """ "45 s", "24 min", "3 h 12 min", "2 d 4 h": two units at most."""
    seconds = int(length.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    minutes, hours = seconds // 60, seconds // 3600
    if minutes < 60:
        return f"{minutes} min"
    if hours < 48:
        return _two(hours, "h", minutes % 60, "min")
    return _two(hours // 24, "d", hours % 24, "h")


def ago(moment: datetime, now: datetime) -> str:
    """ "just now", "24 min ago", "2 h ago", "3 d ago": one unit, rounded down."""
    seconds = (now - moment).total_seconds()
    if seconds < 60:
        return "just now"
    for limit, size, unit in ((3600, 60, "min"), (48 * 3600, 3600, "h")):
        if seconds < limit:
            return f"{int(seconds // size)} {unit} ago"
    return f"{int(seconds // 86400)} d ago"


def local(moment: datetime, zone: ZoneInfo) -> datetime:
    """The wall-clock time in a zone, without the zone: what a figure and a sentence show."""
    return moment.astimezone(zone).replace(tzinfo=None)


def day(value: date, *, beside: date) -> str:
    """ "9 Nov", with the year if it is not that of `beside`."""
    text = f"{value.day} {value:%b}"
    return text if value.year == beside.year else f"{text} {value.year}"


def full_day(value: date) -> str:
    """ "9 Nov 2026"."""
    return f"{value.day} {value:%b %Y}"


def moment(value: datetime) -> str:
    """ "9 Nov 02:14"."""
    return f"{value.day} {value:%b %H:%M}"


def span(start: datetime, end: datetime | None) -> str:
    """ "9 Nov 02:14–05:26", "9 Nov 23:50 – 10 Nov 00:20", "since 9 Nov 02:14"."""
    if end is None:
        return f"since {moment(start)}"
    if start.date() == end.date():
        return f"{moment(start)}–{end:%H:%M}"
    return f"{moment(start)} – {moment(end)}"


def days_between(first: date, last: date) -> str:
    """Both inclusive: "18 Oct", "18–21 Oct", "28 Oct – 3 Nov"."""
    if first == last:
        return f"{first.day} {first:%b}"
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day}–{last.day} {last:%b}"
    return f"{first.day} {first:%b} – {last.day} {last:%b}"


def signed(value: float, decimals: int = 0) -> str:
    """ "+3", "−5", "±0", with a true minus sign."""
    rounded = round(value, decimals)
    if rounded == 0:
        return "±0"
    return f"{'+' if rounded > 0 else '−'}{abs(rounded):,.{decimals}f}"


def single_verdicts(verdicts: Iterable[RhythmEvent]) -> str:
    """ "3 single verdicts": those that ask for a look, beside the episodes; "" for none."""
    count = sum(one.is_positive for one in verdicts)
    return f"{count} single verdict{'' if count == 1 else 's'}" if count else ""


def age(born: date, today: date) -> int:
    """Whole years lived."""
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def utc_now() -> datetime:
    """The present moment, aware."""
    return datetime.now(UTC)


def _two(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large} {large_unit} {small} {small_unit}" if small else f"{large} {large_unit}"
