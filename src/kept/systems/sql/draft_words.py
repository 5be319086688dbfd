"""What names of tables and columns usually mean, in English and German: guesses, to be confirmed by a person."""

from __future__ import annotations

import re
from typing import Final

from kept.law.terms import Event

_PARTS: Final = re.compile(r"[A-ZÄÖÜ]+(?![a-zäöüß])|[A-ZÄÖÜ]?[a-zäöüß]+|\d+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PEOPLE: Final = _words("""
    user customer member contact person client patient employee staff applicant candidate subscriber lead guest student
    teacher donor buyer seller visitor participant attendee driver profile kunde benutzer nutzer mitglied mitarbeiter
    bewerber kontakt ansprechpartner teilnehmer interessent gast fahrer schueler spender
""")
SHARED: Final = _words("""
    account company organisation organization tenant team workspace firm household konto firma mandant unternehmen
    haushalt verein
""")
DOCUMENTS: Final = _words("""
    invoice order payment subscription delivery shipment booking contract rechnung bestellung zahlung vertrag
""")
_KINDS: Final = {
    "invoice": "invoice payment billing charge refund transaction rechnung zahlung",
    "order": "order basket cart booking shipment delivery subscription bestellung buchung lieferung",
    "support": "ticket support case complaint anfrage vorgang",
    "log": "log login event session request visit activity access audit history protokoll anmeldung",
    "message": "message chat comment mail post conversation thread note nachricht kommentar notiz",
    "credential": "key token credential secret password device",
    "recording": "recording transcript call video audio attachment file document upload image aufnahme datei",
    "consent": "consent preference pref optout unsubscribe einwilligung",
    "application": "application applicant candidate bewerbung bewerber",
    "lead": "lead form signup newsletter subscriber interessent",
}
_KIND_OF: Final = {word: kind for kind, words in _KINDS.items() for word in words.split()}
CASES: Final = frozenset({"support", "application"})
_RESERVED: Final = frozenset({"all", "other", "null", "true", "false", "undecided"})


def _patterns(texts: dict[str, str]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    return tuple((word, re.compile(text.replace(" ", "|"))) for word, text in texts.items())


_IDENTIFIERS: Final = _patterns(
    {
        "email": r"(^|_)e_?mail(_address|_adresse)?$ ^mail(_address|_adresse)?$",
        "phone": r"(^|_)(phone|mobile|telephone|telefon|handy|msisdn)(_number|_nummer|nummer)?$",
        "username": r"^(user_?name|login_name|benutzername)$",
        "customer-number": r"^(customer|client|member|kunden|mitglieds)_?(number|no|nr|nummer)$",
        "cookie": r"(^|_)(cookie|visitor|anonymous)(_?id|_?token)?$",
    }
)
_CATEGORIES: Final = _patterns(
    {
        "contact": r"e_?mail phone mobile telefon street address adresse strasse postal zip plz ansprechpartner"
        r" ^((first|last|full|sur|given|family|display|middle)_?)?name$ vorname nachname",
        "credential": r"passw secret token api_?key key_hash otp salt",
        "financial": r"iban bic card konto account_number vat tax amount price salary bank betrag steuer",
        "location": r"latitude longitude ^(lat|lng|lon)$ geo city country location ort$ stadt land$",
        "online-identifier": r"(^|_)ip($|_) cookie device_id fingerprint visitor_id advertising",
        "device": r"user_agent browser ^os$ platform device",
        "content": r"body message comment note text subject transcript description inhalt nachricht bemerkung",
        "profile": r"birth born gender (^|_)age$ title job role geburt geschlecht anrede nationality language",
        "health": r"diagnos blood allerg medic disab health krank gesundheit",
    }
)
_NAME: Final = re.compile(
    r"^((first|last|full|sur|given|family|display|middle)_?)?name$|vorname|nachname|birth|geburt|^born$"
)
MENTIONS: Final = re.compile(
    r"(^|_)(created|updated|modified|changed|deleted|approved|assigned|reviewed|handled|edited|requested|closed)_(by|to)"
    r"|(^|_)(editor|assignee|reviewer|approver|operator|agent|author|handler|moderator|bearbeiter)(_|$)"
)
"""Columns that name who worked on a row: the row is not that person's."""

_CLOCKS: Final = {
    Event.ACCOUNT_CLOSED: re.compile(
        r"^(account_)?(closed|cancelled|canceled|terminated|deactivated|churned|deleted|left|ended|geschlossen"
        r"|gekuendigt|geloescht)(_at|_on|_date|_am)?$"
    ),
    Event.CONTRACT_ENDED: re.compile(r"^contract_(end|ended|ends|until)(_at|_on|_date)?$|^vertragsende$"),
    Event.CASE_CLOSED: re.compile(r"^(closed|resolved|solved|completed|erledigt)(_at|_on|_date|_am)?$"),
    Event.APPLICATION_DECIDED: re.compile(r"^(decided|rejected|declined|hired|entschieden)(_at|_on|_date|_am)?$"),
    Event.COLLECTED: re.compile(
        r"^(created|inserted|added|registered|sent|received|issued|started|occurred|logged|recorded|submitted|ordered"
        r"|booked|signed_up|joined|erstellt|angelegt|eingegangen)(_at|_on|_date|_time|_am)?$"
        r"|^(at|timestamp|time|date|datum|when|ts|creation_date|date_created|date_joined|anlagedatum)$"
    ),
}


def parts(name: str) -> tuple[str, ...]:
    """The words of a name, lower case: AccountUser, account_user and «Account user» alike."""
    return tuple(part.lower() for part in _PARTS.findall(name))


def snake(name: str) -> str:
    """A name as words joined by underscores, to match patterns against."""
    return "_".join(parts(name))


def singular(word: str) -> str:
    """A plural's singular, near enough for table names."""
    if word.endswith("ies") and len(word) > 4:  # noqa: PLR2004 - «ties», «lies»
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def subject(table: str) -> str:
    """What a row of the table is: the last word of its name, singular."""
    words = parts(table)
    return singular(words[-1]) if words else ""


def kebab(name: str) -> str:
    """A name as the policy writes names; `record` where nothing is left of it."""
    words = [*parts(name)]
    if words:
        words[-1] = singular(words[-1])
    made = "-".join(words)[:50].strip("-") or "record"
    return f"{made}-record" if made in _RESERVED or made.isdigit() else made


def kind_of(table: str) -> str:
    """The kind of data a table's name speaks of."""
    known = (_KIND_OF[word] for word in map(singular, reversed(parts(table))) if word in _KIND_OF)
    return next(known, kebab(table))


def identifier(column: str) -> str | None:
    """The type of identifier a column holds, for `find-by`."""
    name = snake(column)
    return next((type_ for type_, pattern in _IDENTIFIERS if pattern.search(name)), None)


def category(column: str) -> str | None:
    """The category of personal data a column's name speaks of."""
    name = snake(column)
    return next((word for word, pattern in _CATEGORIES if pattern.search(name)), None)


def names_person(column: str) -> bool:
    """Whether the column holds a person's name or birth date."""
    return _NAME.search(snake(column)) is not None


def event_of(column: str, *, closes: Event | None) -> Event | None:
    """The event a date column records; `closes` says what a bare «closed at» closes, if anything."""
    name = snake(column)
    order = (*((closes,) if closes else ()), Event.CONTRACT_ENDED, Event.APPLICATION_DECIDED, Event.COLLECTED)
    return next((event for event in order if _CLOCKS[event].search(name)), None)
