"""Recognisers: does a text hold a mail address, a phone number, a card number, … Pure, in linear time.

Every pattern has bounded or possessive repeats, so no input makes one slow. Check sums decide where there are
any. The same on every installation: optional number libraries would make two machines disagree on a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import Final

from kept.policy.words import COUNTRIES

LONGEST: Final = 2000
"""Characters looked at; a port cuts values there too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recogniser:
    """One kind of value: how to spot a candidate, how to confirm it, and an example it must find."""

    name: str
    hint: re.Pattern[str]
    """A cheap test that lets most values pass unread."""
    candidate: re.Pattern[str]
    confirm: Callable[[str], bool]
    known: str
    """A made-up value that it must recognise, or its silence means nothing."""

    def inside(self, text: str) -> bool:
        """Whether the text holds such a value somewhere."""
        return self.hint.search(text) is not None and any(
            self.confirm(found[0]) for found in self.candidate.finditer(text)
        )

    def whole(self, text: str) -> bool:
        """Whether the text is such a value and nothing else."""
        found = self.candidate.fullmatch(text.strip()) if self.hint.search(text) else None
        return found is not None and self.confirm(found[0])

    @property
    def sound(self) -> bool:
        """Whether it recognises its own example, alone and in the middle of a sentence."""
        return self.whole(self.known) and self.inside(f"x, {self.known} , y")


_PREFIXES: Final = (
    r"[a-z]{2,8}+_(?:live|test|prod|secret)_[A-Za-z0-9]{16,80}+"
    r"|gh[opsur]_[A-Za-z0-9]{30,80}+|github_pat_[A-Za-z0-9_]{30,90}+|glpat-[A-Za-z0-9_-]{20,60}+"
    r"|xox[abeprs]-[A-Za-z0-9-]{10,90}+|AKIA[0-9A-Z]{16}+|AIza[0-9A-Za-z_-]{35}+|SG\.[\w-]{16,32}+\.[\w-]{30,60}+"
    r"|eyJ[\w-]{10,900}+\.eyJ[\w-]{10,900}+\.[\w-]{10,600}+"
)
_MAIL: Final = r"(?<![\w.%+-])[\w.%+-]{1,64}+@(?:[\w-]{1,63}+\.){1,8}[^\W\d_]{2,24}+"
_INTERNATIONAL: Final = r"\+[1-9](?:[ ./()-]{0,2}+\d){6,14}(?!\d)"
_NATIONAL: Final = (
    r"(?:\(0\d{1,5}+\)|0\d{1,5}+)[ /-]{1,3}+\d{2,9}+(?:[ -]\d{2,9}+){0,4}+(?![\w-])"
    r"|00[1-9]\d{1,3}+[ /-]\d{2,9}+(?:[ -]\d{2,9}+){0,4}+(?![\w-])"
    r"|\(?[2-9]\d{2}\)?[ -]\d{3}-\d{4}(?![\w-])"
)
_DATE: Final = re.compile(r"\d{1,2}[-/ ]\d{1,2}[-/ ]\d{2,4}|\d{4}[-/ ]\d{1,2}[-/ ]\d{1,2}")
_NORDIC: Final = re.compile(r"[2-9]\d \d{2} \d{2} \d{2}|[49]\d{2} \d{2} \d{3}")
_IBAN_LENGTHS: Final = {
    "AD": 24, "AT": 20, "BE": 16, "BG": 22, "CH": 21, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "EE": 20, "ES": 24,
    "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GI": 23, "GR": 27, "HR": 21, "HU": 28, "IE": 22, "IS": 26, "IT": 27,
    "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27, "MT": 31, "NL": 18, "NO": 15, "PL": 28, "PT": 25, "RO": 24,
    "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TR": 26,
}  # fmt: skip
_CARDS: Final = (
    (re.compile(r"4"), (13, 16, 19)),
    (re.compile(r"5[1-5]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)"), (16,)),
    (re.compile(r"3[47]"), (15,)),
    (re.compile(r"6(?:011|5|4[4-9])"), (16, 17, 18, 19)),
    (re.compile(r"35(?:2[89]|[3-8])"), (16, 17, 18, 19)),
    (re.compile(r"3(?:0[0-5]|[68])"), (14,)),
)
_ENOUGH_DIGITS: Final = range(7, 16)
_ENTROPY_DISTINCT: Final = 8


def _any(_: str) -> bool:
    return True


def _phone(found: str) -> bool:
    return sum(c.isdigit() for c in found) in _ENOUGH_DIGITS and _DATE.fullmatch(found) is None


def _address(found: str) -> bool:
    try:
        ip_address(found)
    except ValueError:
        return False
    return True


def _iban(found: str) -> bool:
    compact = found.replace(" ", "")
    compact = compact[: _IBAN_LENGTHS.get(compact[:2], 0)]
    if len(compact) != _IBAN_LENGTHS.get(compact[:2]):
        return False
    digits = "".join(str(int(c, 36)) for c in compact[4:] + compact[:4])
    return int(digits) % 97 == 1


def _card(found: str) -> bool:
    digits = [int(c) for c in found if c.isdigit()]
    text = "".join(map(str, digits))
    if not any(prefix.match(text) and len(digits) in lengths for prefix, lengths in _CARDS):
        return False
    doubled = [d * 2 - 9 * (d > 4) for d in digits[-2::-2]]  # noqa: PLR2004 - Luhn: 5 doubled has two digits
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def _secret(found: str) -> bool:
    """A key with a known prefix whose rest is no placeholder such as `xxxxxxxxxxxxxxxx`."""
    return "PRIVATE KEY" in found or len(set(re.split(r"[_.-]", found)[-1])) >= _ENTROPY_DISTINCT


def _coordinates(found: str) -> bool:
    latitude, longitude = (float(part) for part in re.split(r"[,; ]+", found))
    return abs(latitude) <= 90 and abs(longitude) <= 180  # noqa: PLR2004 - degrees


def _recogniser(name: str, hint: str, candidate: str, confirm: Callable[[str], bool], known: str) -> Recogniser:
    return Recogniser(
        name=name, hint=re.compile(hint), candidate=re.compile(candidate, re.UNICODE), confirm=confirm, known=known
    )


EMAIL: Final = _recogniser("email", "@", _MAIL, _any, "probe@kept.example")
PHONE: Final = _recogniser(
    "phone", r"\d", rf"(?<![\w+./-])(?:{_INTERNATIONAL}|{_NATIONAL})", _phone, "+49 30 23125 000"
)
IP: Final = _recogniser(
    "ip",
    r"[.:]",
    r"(?<![\w.])\d{1,3}+(?:\.\d{1,3}+){3}(?!\w|\.\d)|(?<![\w.:])[0-9A-Fa-f:]{4,39}+(?![\w:]|\.\d)",
    _address,
    "192.0.2.17",
)
IBAN: Final = _recogniser(
    "iban",
    r"[A-Z]{2}\d\d",
    r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])",
    _iban,
    "DE89 3704 0044 0532 0130 00",
)
CARD: Final = _recogniser("card", r"\d[ -]?\d", r"(?<![\d.+-])\d(?:[ -]?\d){12,18}(?!\d)", _card, "4242 4242 4242 4242")
SECRET: Final = _recogniser(
    "secret",
    r"[_-]|AIza|AKIA|SG\.|eyJ",
    rf"(?<![A-Za-z0-9])(?:{_PREFIXES})(?![A-Za-z0-9])|-----BEGIN [A-Z ]{{0,20}}KEY-----",
    _secret,
    "vck_test_" + "".join(chr(65 + n * 7 % 26) for n in range(24)),
)
URL: Final = _recogniser(
    "url", r"://|www\.", r"(?<!\w)(?:https?://|www\.)[^\s<>\"',;]{3,500}+", _any, "https://kept.example/a"
)
UUID: Final = _recogniser(
    "uuid",
    r"-",
    r"(?<![\w-])[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}(?![\w-])",
    _any,
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
)
COORDINATES: Final = _recogniser(
    "coordinates",
    r"\d\.\d{3}",
    r"(?<![\w.+-])[+-]?\d{1,3}\.\d{3,15}+[,; ]{1,3}+[+-]?\d{1,3}\.\d{3,15}+(?![\w.])",
    _coordinates,
    "59.9139, 10.7522",
)

PERSONAL: Final = (EMAIL, PHONE, IP, IBAN, CARD, SECRET)
"""Values that show of themselves that something personal (or a secret) is stored."""

EVERY: Final = (*PERSONAL, URL, UUID, COORDINATES)

BY_NAME: Final = {one.name: one for one in EVERY}


def also_nordic(text: str) -> bool:
    """Whether a whole value is a Nordic number in groups of two or three; inside prose that would be any figure."""
    return _NORDIC.fullmatch(text.strip()) is not None


def truncated(text: str) -> bool:
    """Whether an address has lost its host part: the last octet of IPv4, the lower 80 bits of IPv6."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return False
    return int(address) & ((1 << 80) - 1 if isinstance(address, IPv6Address) else 0xFF) == 0


EEA: Final = frozenset(
    [
        "AT",
        "BE",
        "BG",
        "CY",
        "CZ",
        "DE",
        "DK",
        "EE",
        "ES",
        "FI",
        "FR",
        "GR",
        "HR",
        "HU",
        "IE",
        "IS",
        "IT",
        "LI",
        "LT",
        "LU",
        "LV",
        "MT",
        "NL",
        "NO",
        "PL",
        "PT",
        "RO",
        "SE",
        "SI",
        "SK",
    ]
)
"""Members of the European Economic Area."""


def country(text: str) -> bool:
    """Whether a value is a country code and nothing finer."""
    return text.strip().upper() in COUNTRIES
