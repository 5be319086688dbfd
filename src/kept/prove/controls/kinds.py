"""Which kind a recognised value speaks of: its fields and categories in the words of a policy. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from kept.policy.model import DataKind
from kept.prove.controls.places import tokens
from kept.prove.controls.recognise import PERSONAL
from kept.prove.controls.witness import Seen

WHOLE_SHARE: Final = 0.1
"""From this share of values on, a column is taken for what its values are."""

_FIELDS: Final = {
    "email": frozenset({"email", "mail", "contact"}),
    "phone": frozenset({"phone", "telephone", "mobile", "tel", "fax", "telefon", "contact"}),
    "ip": frozenset({"ip", "address", "network"}),
    "iban": frozenset({"iban", "bank", "account", "mandate", "payment"}),
    "card": frozenset({"card", "payment"}),
    "secret": frozenset({"key", "secret", "token", "password", "credential"}),
}
"""Words of which one in a field's name means: such values belong there."""

_CONTACT: Final = frozenset({"contact", "identity", "identifier"})
_MONEY: Final = frozenset({"financial", "payment", "billing", "card"})
_CATEGORIES: Final = {
    "email": _CONTACT,
    "phone": _CONTACT,
    "ip": frozenset({"online-identifier", "device", "identifier", "network", "location"}),
    "iban": _MONEY,
    "card": _MONEY,
    "secret": frozenset({"credential"}),
}
_UNDERSTOOD: Final = frozenset().union(*_CATEGORIES.values()) | frozenset(
    {"behaviour", "profile", "usage", "preference", "demographic", "score", "video", "audio", "image"}
)
"""Categories of which we know what they hold; any other word of a policy may hold anything."""


def looks_like(seen: Seen) -> tuple[str, int] | None:
    """What most values of an undeclared column hold, and how many; None when nothing was recognised."""
    found = [(seen.inside[one.name], one.name) for one in PERSONAL if seen.inside.get(one.name)]
    if not found:
        return None
    hits, name = max(found)
    return name, hits


def is_what(seen: Seen) -> tuple[str, ...]:
    """What the column is by its values: recognisers that know a tenth of them as a whole."""
    return tuple(one.name for one in PERSONAL if seen.share(one.name) >= WHOLE_SHARE)


def may_hold_in_fields(fields: Iterable[str], recognised: str) -> bool:
    """Whether a closed list of fields has a place for such values."""
    return any(_FIELDS[recognised].intersection(tokens(field)) for field in fields)


def may_hold_in_categories(categories: Iterable[str], recognised: str) -> bool:
    """Whether categories allow such values; a category we do not understand allows any."""
    return any(word in _CATEGORIES[recognised] or word not in _UNDERSTOOD for word in categories)


def speaks_of(kind: DataKind, recognised: str) -> bool:
    """Whether values found somewhere undeclared are of this kind: by its closed list, or else by its categories."""
    if kind.fields is not None:
        return may_hold_in_fields(kind.fields, recognised)
    return any(word in _CATEGORIES[recognised] for word in kind.categories)
