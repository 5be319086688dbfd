"""How German and English write numbers, dates and spans of time. Pure; the time is an argument."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime, timedelta, tzinfo
from typing import Final
from zoneinfo import ZoneInfo

_MONTHS: Final[dict[str, tuple[str, ...]]] = {
    "de": (
        *("Januar", "Februar", "März", "April", "Mai", "Juni"),
        *("Juli", "August", "September", "Oktober", "November", "Dezember"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June"),
        *("July", "August", "September", "October", "November", "December"),
    ),
}
_ZONES: Final = {"de": {"CET": "MEZ", "CEST": "MESZ", "EET": "OEZ", "EEST": "OESZ", "WET": "WEZ", "WEST": "WESZ"}}
_AGO: Final = (
    (timedelta(days=365), ("Jahr", "Jahren"), ("yr.", "yr.")),
    (timedelta(days=30), ("Monat", "Monaten"), ("mo.", "mo.")),
    (timedelta(days=1), ("Tag", "Tagen"), ("day", "days")),
    (timedelta(hours=1), ("Std.", "Std."), ("hr.", "hr.")),
    (timedelta(minutes=1), ("Min.", "Min."), ("min.", "min.")),
)
_UNITS: Final = (
    (timedelta(days=1), ("Tag", "Tage"), ("day", "days")),
    (timedelta(hours=1), ("Stunde", "Stunden"), ("hour", "hours")),
    (timedelta(minutes=1), ("Minute", "Minuten"), ("minute", "minutes")),
)
_OVERRIDES: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\ufeff")


def number(value: object, lang: str) -> str:
    """41.203 in German, 41,203 in English; a word that is no whole number stands as it is."""
    try:
        grouped = f"{int(str(value)):,}"
    except ValueError:
        return str(value)
    return grouped.replace(",", ".") if lang == "de" else grouped


def day(value: date, lang: str) -> str:
    """24. November 2026, or 24 November 2026."""
    dot = "." if lang == "de" else ""
    return f"{value.day}{dot} {_MONTHS[lang][value.month - 1]} {value.year}"


def moment(value: datetime, zone: str | tzinfo, lang: str) -> str:
    """24. November 2026, 14:05 Uhr MEZ, or 24 November 2026, 14:05 CET: in the zone of the controller."""
    local = value.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone)
    name = local.tzname() or ""
    name = _ZONES.get(lang, {}).get(name, name)
    clock = f"{local:%H:%M} Uhr" if lang == "de" else f"{local:%H:%M}"
    return f"{day(local, lang)}, {clock} {name}".rstrip()


def ago(span: timedelta, lang: str) -> str:
    """Vor 2 Min., or 2 min. ago: the largest whole unit, for a margin note; browsers write it the same way."""
    for unit, german, english in _AGO:
        n = span // unit
        if n >= 1:
            word = (german if lang == "de" else english)[n != 1]
            return f"vor {number(n, lang)} {word}" if lang == "de" else f"{number(n, lang)} {word} ago"
    return "gerade eben" if lang == "de" else "just now"


def span(value: timedelta, lang: str) -> str:
    """24 Stunden, or 24 hours: the largest unit that divides it; two days and more are days."""
    for unit, german, english in _UNITS:
        n, rest = divmod(value, unit)
        if not rest and n >= (2 if unit.days else 1):
            return f"{number(n, lang)} {(german if lang == 'de' else english)[n != 1]}"
    seconds = int(value.total_seconds())
    return f"{number(seconds, lang)} {'Sekunden' if lang == 'de' else 'seconds'}"


def written(value: object, word: str, lang: str, zone: str | None = None) -> str:
    """A fact by the format word of its placeholder; an ISO text is read as the date it is."""
    if word == "number":
        return number(value, lang)
    instant = value if isinstance(value, date) else datetime.fromisoformat(str(value))
    if word == "day":
        return day(instant.astimezone(ZoneInfo(zone)) if zone and isinstance(instant, datetime) else instant, lang)
    if word == "moment" and isinstance(instant, datetime):
        return moment(instant, zone or instant.tzinfo or ZoneInfo("UTC"), lang)
    raise ValueError(f"no format word `{word}`: one of number, day, moment")


def visible(text: str) -> str:
    """The text with every character that hides or reorders others made visible: ‹U+202E›.

    A terminal obeys escape characters and a reader is fooled by direction overrides, so neither gets through.
    """
    return "".join(f"‹U+{ord(c):04X}›" if _hides(c) else c for c in text)


def _hides(character: str) -> bool:
    if character in "\n\t":
        return False
    return character in _OVERRIDES or unicodedata.category(character) in {"Cc", "Cs", "Zl", "Zp"}
