"""Reading one word: names, periods, dates, shares, countries, zones; and what to suggest when it is misspelt."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Final

from kept.law.periods import Period, parse_period
from kept.law.terms import UNDECIDED, State
from kept.policy.model import Keep

_NAME: Final = re.compile(r"[^\W_]+(-[^\W_]+)*")
_PROMISE: Final = re.compile(r"[^\s{},]{1,64}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?", re.ASCII)
_RESIDENCE: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?|EEA|EU", re.ASCII)
_SHARE: Final = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,3})?) ?%", re.ASCII)

_LONGEST: Final = 64
"""Characters of the longest word that is worth a suggestion."""
_COMPARED: Final = 300
"""How many candidates a misspelt word is compared with, those of like length first."""

_COUNTRIES: Final = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY "
    "BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK "
    "FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR "
    "IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK "
    "ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM "
    "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF "
    "TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)
COUNTRIES: Final = frozenset(_COUNTRIES.split())
"""ISO 3166-1."""

_REGIONS: Final = frozenset({"EEA", "EU", "UK"})


def is_name(text: str) -> bool:
    """Whether the text is a kebab-case noun."""
    return len(text) <= 64 and text == text.lower() and _NAME.fullmatch(text) is not None  # noqa: PLR2004


def is_promise(text: str) -> bool:
    """Whether the text can be a promise id."""
    return _PROMISE.fullmatch(text) is not None


def is_language(text: str) -> bool:
    """Whether the text looks like a language tag."""
    return _LANGUAGE.fullmatch(text) is not None


def is_residence(text: str) -> bool:
    """Whether the text names a country, one of its states, the EU, the EEA or the UK."""
    return _RESIDENCE.fullmatch(text) is not None and (text in _REGIONS or text[:2] in COUNTRIES or text[:2] == "UK")


def is_zone(text: str) -> bool:
    """Whether the text is an IANA time zone."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415

    try:
        ZoneInfo(text)
    except (ValueError, OSError, LookupError):
        return False
    return True


def read_day(text: str) -> date:
    """A civil day as `2020-05-01`."""
    if len(text) != len("2020-05-01"):
        raise ValueError("a date is written `2020-05-01`")
    return date.fromisoformat(text)


def read_share(text: str) -> float:
    """`5 %` as 0.05."""
    written = _SHARE.fullmatch(text)
    if written is None or not 0 <= float(written[1]) <= 100:  # noqa: PLR2004
        raise ValueError("a share is written `5 %`, from 0 % to 100 %")
    return float(written[1]) / 100


def read_keep(text: str) -> Keep:
    """`at most 7 years`, `at least undecided`, `no longer`, `while hold`, `at most customer-set`, `undecided`."""
    if text == UNDECIDED:
        return Keep(bound="at most", undecided=True)
    if text == "no longer":
        return Keep(bound="no longer", period=parse_period("at once"))
    bound, _, rest = text.partition(" ")
    if bound == "while":
        return Keep(bound="while", state=_state(rest))
    middle, _, length = rest.partition(" ")
    if bound != "at" or middle not in {"most", "least"}:
        raise ValueError("`keep` begins with `at most`, `at least`, `while`, or is `no longer`")
    return _bounded(f"at {middle}", length)


def _state(text: str) -> State:
    if text not in set(State):
        raise ValueError(f"`while` is followed by one of {', '.join(State)}")
    return State(text)


def _bounded(bound: str, length: str) -> Keep:
    if length == UNDECIDED:
        return Keep(bound=bound, undecided=True)
    if length == "customer-set":
        return Keep(bound=bound, customer_set=True)
    period: Period = parse_period(length)
    return Keep(bound=bound, period=period)


def nearest(text: str, candidates: Iterable[str]) -> str | None:
    """The candidate that the text most likely means, if one is close."""
    best, distance = None, 1 + max(1, len(text) // 3)
    if len(text) > _LONGEST:
        return None
    for candidate in sorted(set(candidates), key=lambda c: (abs(len(c) - len(text)), c))[:_COMPARED]:
        apart = _apart(text, candidate, distance)
        if apart < distance:
            best, distance = candidate, apart
    return best


def _apart(left: str, right: str, limit: int) -> int:
    """Edits between two words (insert, drop, change, swap); `limit` when there are more."""
    if abs(len(left) - len(right)) >= limit:
        return limit
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        older, before, row = before, row, [i]
        for j, b in enumerate(right, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, older[j - 2] + 1)
            row.append(cost)
        if min(row) >= limit:
            return limit
    return row[-1]
