"""The grammar of the policy file as one registry: sections, keys, shapes, controls.

The loader, the JSON Schema (`kept schema`) and the reference read this table and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from kept.law.terms import (
    DISCLOSURE_NEEDS,
    Basis,
    Check,
    CookieClass,
    Defect,
    Event,
    Ground,
    Need,
    Outcome,
    RequestKind,
    Role,
)
from kept.policy.plumbing import SAFETY, SYSTEMS
from kept.policy.shapes import (
    Control,
    Key,
    Kind,
    Listed,
    Many,
    Named,
    Pairs,
    Record,
    Section,
    Shape,
    name,
    names,
    period,
    plain,
    refer,
    text,
    word,
    words,
)

VERSION: Final = "1"
"""The grammar this program reads: `kept: 1`."""

RESERVED: Final = ("all", "other")
"""`all` holds for every entry of its section, `other` for whatever has no entry."""

BUILT_IN_CHANNELS: Final = ("link", "preference-page")
"""Channels that need no entry under `requests.channels`."""

PACKS: Final = ("gdpr", "ccpa", "eu-us-dpf", "swiss-us-dpf")

_FATES: Final = tuple(o for o in Outcome if o is not Outcome.KEEP)
_USE_NEEDS: Final = tuple(n for n in Need if n not in DISCLOSURE_NEEDS)
_DATA: Final = refer("data", also=("all",), many=Many.LIST)
_PURPOSES: Final = refer("purposes", also=("all",), many=Many.LIST)
_WAYS: Final = refer("channels", many=Many.LIST)

CONTROLLER: Final = Section(
    name="controller",
    doc="Who answers for the data (Art. 4(7) GDPR). One installation serves one controller.",
    main="name",
    required=True,
    fixed=(
        Key(name="name", shape=text(), doc="The controller's name.", control=Control.DOCUMENT, required=True),
        Key(
            name="country",
            shape=plain(Kind.COUNTRY),
            doc="Its country, as ISO 3166 code.",
            control=Control.DOCUMENT,
            required=True,
        ),
        Key(
            name="timezone",
            shape=plain(Kind.ZONE),
            doc="The zone in which days are counted.",
            control=Control.DOCUMENT,
            required=True,
        ),
        Key(
            name="languages",
            shape=plain(Kind.LANGUAGE, many=Many.LIST),
            doc="Languages people are answered in.",
            control=Control.DOCUMENT,
            required=True,
        ),
        Key(name="contact", shape=text(undecided=True), doc="Where people write to.", control=Control.DOCUMENT),
    ),
)

_DOCUMENT: Final = Record(
    main="documents",
    keys=(
        Key(name="file", shape=text(undecided=True), doc="The document the text links to.", control=Control.DOCUMENT),
        Key(name="review", shape=period(undecided=True), doc="How often it is read again.", control=Control.DELIVERY),
    ),
)
_DEFECT: Final = Record(
    main="defects",
    keys=(
        Key(
            name="defect",
            shape=word(*Defect),
            doc="Why the sentence cannot run as written.",
            control=Control.TEXT,
            required=True,
        ),
        Key(
            name="with",
            shape=plain(Kind.PROMISE, many=Many.LIST),
            doc="The promises it contradicts.",
            control=Control.TEXT,
        ),
        Key(
            name="owner",
            shape=name(),
            doc="The role that will have the text amended.",
            control=Control.TEXT,
            required=True,
        ),
    ),
)
TEXT: Final = Section(
    name="text",
    doc="The published prose itself.",
    main="version",
    fixed=(
        Key(
            name="file",
            shape=text(),
            doc="The prose, each sentence ending with its promise ids.",
            control=Control.DOCUMENT,
        ),
        Key(
            name="version",
            shape=text(undecided=True),
            doc="The date or number the published text bears.",
            control=Control.DOCUMENT,
        ),
        Key(
            name="promises",
            shape=text(),
            doc="A CSV file of promise id, kind and obligation.",
            control=Control.DOCUMENT,
        ),
        Key(name="address", shape=text(undecided=True), doc="Where the text is published.", control=Control.PAGE),
        Key(name="scope", shape=names(), doc="The services the text covers.", control=Control.SCAN),
        Key(
            name="review",
            shape=period(undecided=True),
            doc="How often the text is read again.",
            control=Control.DELIVERY,
        ),
        Key(
            name="documents",
            shape=Named(record=_DOCUMENT),
            doc="Documents the text links to.",
            control=Control.DOCUMENT,
        ),
        Key(
            name="statements",
            shape=plain(Kind.PROMISE, many=Many.LIST),
            doc="Sentences that bind nobody: noted, outside the count.",
            control=Control.NONE,
        ),
        Key(
            name="defects",
            shape=Listed(record=_DEFECT),
            doc="Sentences that cannot run as written: broken until the text is amended.",
            control=Control.TEXT,
        ),
    ),
)

LAWS: Final = Section(
    name="laws",
    doc="Which rule packs apply, and to whom.",
    main="for",
    names=PACKS,
    entry=Record(
        main="for",
        keys=(
            Key(
                name="for",
                shape=refer("residences", also=("all",), many=Many.LIST),
                doc="Residence of the person or origin of the data.",
                control=Control.CASE,
                default="everybody",
            ),
            Key(name="since", shape=plain(Kind.DAY), doc="The day the pack begins to apply.", control=Control.CASE),
            Key(
                name="certificate",
                shape=text(undecided=True),
                doc="The certificate that shows participation.",
                control=Control.DOCUMENT,
            ),
            Key(
                name="over-policy",
                shape=plain(Kind.FLAG),
                doc="Whether the pack wins a conflict with the text.",
                control=Control.CASE,
            ),
        ),
    ),
)

PEOPLE: Final = Section(
    name="people",
    doc="Whose data it is; the role is decided per kind of people and purpose (Art. 4(7), 4(8) GDPR).",
    main="role",
    entry=Record(
        main="role",
        keys=(
            Key(
                name="role",
                shape=word(*Role, undecided=True),
                doc="Who decides about the data.",
                control=Control.CASE,
                required=True,
            ),
            Key(name="for", shape=refer("controllers"), doc="The controller we process for.", control=Control.CASE),
            Key(
                name="except",
                shape=Pairs(key=refer("purposes"), value=word(*Role)),
                doc="Purposes in which our role is another one.",
                control=Control.CASE,
            ),
            Key(name="refer-to", shape=refer("controllers"), doc="Who answers requests instead.", control=Control.CASE),
            Key(
                name="minimum-age",
                shape=Pairs(key=refer("residences", also=("any",)), value=plain(Kind.NUMBER, undecided=True)),
                doc="Youngest age per country of residence (Art. 8 GDPR).",
                control=Control.COUNT,
            ),
        ),
    ),
)

DATA: Final = Section(
    name="data",
    doc="Kinds of data, wherever they are stored.",
    main="categories",
    entry=Record(
        main="categories",
        keys=(
            Key(
                name="people",
                shape=refer("people", also=("all",), many=Many.LIST),
                doc="Whose data it is.",
                control=Control.SCAN,
                required=True,
            ),
            Key(
                name="categories",
                shape=names(),
                doc="Categories of personal data (Art. 30(1)(c) GDPR).",
                control=Control.SCAN,
            ),
            Key(
                name="fields",
                shape=names("declared"),
                doc="The closed list of fields; `declared`: no column without a kind, no kind without a purpose.",
                control=Control.SCAN,
            ),
            Key(
                name="sources",
                shape=names(undecided=True),
                doc="The ways in which it is collected.",
                control=Control.COUNT,
            ),
            Key(
                name="optional",
                shape=names("all"),
                doc="Fields a person may leave out; `all`: anonymous use.",
                control=Control.PAGE,
            ),
            Key(name="never", shape=names(), doc="Fields that must not occur.", control=Control.SCAN),
            Key(
                name="precision",
                shape=Pairs(key=name(), value=name(undecided=True)),
                doc="How coarse a field is stored.",
                control=Control.SCAN,
            ),
            Key(
                name="checked-before",
                shape=refer("purposes", many=Many.LIST),
                doc="Purposes before which a value must have been verified.",
                control=Control.COUNT,
            ),
            Key(
                name="only-for",
                shape=refer("purposes", many=Many.LIST),
                doc="Purposes beyond which no other may ever name it.",
                control=Control.GUARD,
            ),
        ),
    ),
)

_DECISION: Final = Record(
    keys=(
        Key(name="model", shape=name(), doc="The model that decides.", required=True),
        Key(
            name="effect",
            shape=word("none", "legal", "significant", undecided=True),
            doc="What it does to a person (Art. 22(1) GDPR).",
            required=True,
        ),
        Key(name="review", shape=word("person"), doc="Who looks at a decision again (Art. 22(3) GDPR)."),
        Key(name="explain", shape=plain(Kind.FLAG), doc="Whether the reasons are told."),
    ),
)
PURPOSES: Final = Section(
    name="purposes",
    doc="The only ways data may be used; a mail or a call is a use too (Art. 5(1)(b) GDPR).",
    main="data",
    entry=Record(
        main="data",
        keys=(
            Key(
                name="basis",
                shape=words(*Basis, many=Many.EITHER, undecided=True),
                doc="Lawful basis (Art. 6(1) GDPR).",
                control=Control.DOCUMENT,
                required=True,
            ),
            Key(
                name="law",
                shape=text(undecided=True),
                doc="The statute behind a legal obligation.",
                control=Control.DOCUMENT,
            ),
            Key(name="data", shape=_DATA, doc="The kinds of data it may use.", control=Control.GUARD, required=True),
            Key(
                name="channel",
                shape=name("any", undecided=True),
                doc="How a person is reached: email, phone, post.",
                control=Control.SEND,
            ),
            Key(
                name="opt-out",
                shape=refer("channels", also=("none",), many=Many.EITHER),
                doc="Ways to stop it; `none`: a service message.",
                control=Control.SEND,
            ),
            Key(
                name="interest",
                shape=text(undecided=True),
                doc="The balancing test behind a legitimate interest.",
                control=Control.DOCUMENT,
            ),
            Key(
                name="needs",
                shape=words(*_USE_NEEDS),
                doc="What must be on record before a use.",
                control=Control.GUARD,
            ),
            Key(name="roles", shape=names(), doc="The roles that may use it.", control=Control.GUARD),
            Key(
                name="decision",
                shape=_DECISION,
                doc="An automated decision: model, effect, review.",
                control=Control.GUARD,
            ),
        ),
    ),
)

CONSENT: Final = Section(
    name="consent",
    doc="What counts as a yes, and what a no does (Art. 7 GDPR).",
    main="given-by",
    fixed=(
        Key(name="given-by", shape=names(), doc="Acts that count as consent.", control=Control.COUNT),
        Key(name="never-by", shape=names(), doc="Acts that are never recorded as consent.", control=Control.COUNT),
        Key(name="withdrawn-by", shape=_WAYS, doc="Ways to withdraw.", control=Control.CASE),
        Key(
            name="takes-effect",
            shape=period(undecided=True),
            doc="How soon a withdrawal stops every use.",
            control=Control.GUARD,
        ),
    ),
)

_CHOICE: Final = Record(
    main="choice",
    keys=(
        Key(name="at", shape=word("first-visit", "every-visit"), doc="When the person is asked.", control=Control.PAGE),
        Key(name="refuse", shape=word("equal"), doc="How easy it is to refuse.", control=Control.PAGE),
        Key(
            name="per",
            shape=word("class", "cookie", "provider"),
            doc="What is chosen one by one.",
            control=Control.PAGE,
        ),
    ),
)
_SIGNALS: Final = Record(
    main="signals",
    keys=(
        Key(name="dnt", shape=word("honoured", "logged", "ignored"), doc="Do Not Track.", control=Control.PAGE),
        Key(
            name="gpc", shape=word("honoured", "logged", "ignored"), doc="Global Privacy Control.", control=Control.PAGE
        ),
    ),
)
_COOKIE: Final = Record(
    main="class",
    keys=(
        Key(
            name="class",
            shape=word(*CookieClass, undecided=True),
            doc="What it is for.",
            control=Control.PAGE,
            required=True,
        ),
        Key(
            name="lifetime",
            shape=period("session", undecided=True),
            doc="How long it stays on the device.",
            control=Control.PAGE,
        ),
        Key(name="data", shape=_DATA, doc="The kinds of data it collects.", control=Control.SCAN),
        Key(name="provider", shape=name(undecided=True), doc="Who sets it, if not the site.", control=Control.PAGE),
        Key(
            name="settings",
            shape=Pairs(key=name(), value=text(undecided=True)),
            doc="Settings at the provider.",
            control=Control.CONFIG,
        ),
    ),
)
COOKIES: Final = Section(
    name="cookies",
    doc="What is stored on or read from a device.",
    main="class",
    fixed=(
        Key(name="choice", shape=_CHOICE, doc="When and how a person chooses.", control=Control.PAGE),
        Key(name="signals", shape=_SIGNALS, doc="What a browser's signal does.", control=Control.PAGE),
        Key(name="domains", shape=text(many=Many.LIST), doc="Domains the section speaks of.", control=Control.PAGE),
        Key(name="places", shape=names(), doc="Where on a device or a server things are stored.", control=Control.SCAN),
        Key(
            name="used",
            shape=Named(record=_COOKIE),
            doc="The cookies and their like, one by one.",
            control=Control.PAGE,
        ),
    ),
)

NOTICES: Final = Section(
    name="notices",
    doc="Who must learn what, and when (Art. 13, 14 GDPR).",
    main="from",
    entry=Record(
        main="from",
        keys=(
            Key(
                name="from",
                shape=word(*Event, undecided=True),
                doc="The event that makes it due.",
                control=Control.DELIVERY,
                required=True,
            ),
            Key(
                name="to",
                shape=refer("people", also=("all", "requester"), many=Many.EITHER),
                doc="Who is told.",
                control=Control.DELIVERY,
                default="everybody concerned",
            ),
            Key(
                name="for",
                shape=refer("residences", also=("all",), many=Many.LIST),
                doc="Only people residing there.",
                control=Control.DELIVERY,
            ),
            Key(name="within", shape=period(undecided=True), doc="How soon.", control=Control.DELIVERY),
            Key(
                name="before",
                shape=word("use", "disclosure", "collection"),
                doc="What must wait for it.",
                control=Control.GUARD,
            ),
            Key(name="by", shape=names(), doc="The ways it is delivered.", control=Control.DELIVERY),
            Key(name="contains", shape=names(), doc="What it must say.", control=Control.DOCUMENT),
            Key(
                name="repeat", shape=period(undecided=True), doc="How often it is sent again.", control=Control.DELIVERY
            ),
            Key(
                name="needs",
                shape=words(*_USE_NEEDS),
                doc="What must be on record before the change holds.",
                control=Control.GUARD,
            ),
            Key(
                name="language",
                shape=word("plain"),
                doc="How it is written (Art. 12(1) GDPR).",
                control=Control.DOCUMENT,
            ),
        ),
    ),
)

RETENTION: Final = Section(
    name="retention",
    doc="What must be gone, and what must stay, counted from an event (Art. 5(1)(e) GDPR).",
    main="keep",
    entry=Record(
        main="keep",
        keys=(
            Key(
                name="data",
                shape=refer("data", also=("all", "other"), many=Many.EITHER),
                doc="The kinds it holds for; without it, the kind of the rule's own name.",
                control=Control.COUNT,
                default="the rule's name",
            ),
            Key(
                name="from",
                shape=word(*(e for e in Event if e is not Event.INTERVAL), undecided=True),
                doc="The event the period is counted from.",
                control=Control.COUNT,
            ),
            Key(
                name="keep",
                shape=plain(Kind.KEEP, undecided=True),
                doc="`at most P` or `no longer`: a ceiling; `at least P` or `while STATE`: a floor.",
                control=Control.COUNT,
                required=True,
            ),
            Key(name="then", shape=word(*_FATES), doc="What happens when the period is over.", control=Control.DRILL),
            Key(name="law", shape=text(undecided=True), doc="The statute behind a floor.", control=Control.COUNT),
            Key(
                name="ground",
                shape=words(*Ground, many=Many.EITHER),
                doc="Why a floor holds against a granted erasure (Art. 17(3) GDPR).",
                control=Control.COUNT,
            ),
            Key(
                name="interest",
                shape=text(undecided=True),
                doc="The balancing test behind an overriding interest.",
                control=Control.DOCUMENT,
            ),
            Key(
                name="purposes",
                shape=refer("purposes", many=Many.LIST),
                doc="The only purposes left to kept data.",
                control=Control.GUARD,
            ),
            Key(
                name="review",
                shape=period(undecided=True),
                doc="How often a floor without an end is looked at.",
                control=Control.DELIVERY,
            ),
        ),
    ),
)

_PROOFS: Final = names(undecided=True)
_CHANNEL: Final = Record(
    main="address",
    keys=(
        Key(
            name="address",
            shape=text(undecided=True),
            doc="Where a message becomes a case.",
            control=Control.CANARY,
            required=True,
        ),
    ),
)
_GRANTED: Final = (*_FATES, "suppress", "revoke")
REQUESTS: Final = Section(
    name="requests",
    doc="What a person may ask, and how it is answered (Art. 12, 15 to 22 GDPR).",
    main="for",
    fixed=(
        Key(
            name="answer-within",
            shape=period(undecided=True),
            doc="How soon an answer is due (Art. 12(3) GDPR).",
            control=Control.DELIVERY,
        ),
        Key(
            name="verify",
            shape=Pairs(key=refer("requests"), value=_PROOFS),
            doc="What shows who is asking, per kind.",
            control=Control.CASE,
        ),
        Key(
            name="verify-by",
            shape=name(undecided=True),
            doc="Who verifies, if not the controller.",
            control=Control.CASE,
        ),
        Key(name="channels", shape=Named(record=_CHANNEL), doc="Where requests arrive.", control=Control.CASE),
        Key(name="agents-need", shape=_PROOFS, doc="What an agent must show.", control=Control.CASE),
        Key(name="without", shape=names(), doc="Hurdles that are not allowed.", control=Control.CASE),
        Key(name="refusal-needs", shape=names(), doc="What a refusal must carry.", control=Control.CASE),
    ),
    entry=Record(
        main="for",
        keys=(
            Key(
                name="kind",
                shape=word(*RequestKind),
                doc="Which right it is; without it, the entry's own name.",
                control=Control.CASE,
                default="the entry's name",
            ),
            Key(
                name="for",
                shape=refer("people", "residences", also=("all",), many=Many.EITHER),
                doc="Who may ask.",
                control=Control.CASE,
                default="everybody",
            ),
            Key(name="channels", shape=_WAYS, doc="Where it may arrive.", control=Control.CASE),
            Key(name="gives", shape=names(), doc="What the answer holds.", control=Control.DRILL),
            Key(name="purposes", shape=_PURPOSES, doc="Purposes it stops.", control=Control.GUARD),
            Key(name="data", shape=_DATA, doc="Kinds of data it speaks of.", control=Control.CASE),
            Key(
                name="answer-within",
                shape=period(undecided=True),
                doc="How soon an answer is due.",
                control=Control.DELIVERY,
            ),
            Key(
                name="complete-within",
                shape=period(undecided=True),
                doc="How soon it is carried out.",
                control=Control.DELIVERY,
            ),
            Key(
                name="then",
                shape=words(*_GRANTED, many=Many.EITHER),
                doc="What a granted request does.",
                control=Control.DRILL,
            ),
            Key(
                name="covers",
                shape=word("last-calendar-year", "last-12-months", "all"),
                doc="The time it looks back.",
                control=Control.CASE,
            ),
            Key(name="subject", shape=text(), doc="The subject line that marks it.", control=Control.CANARY),
            Key(name="stages", shape=names(), doc="Who decides, one after another.", control=Control.CASE),
        ),
    ),
)

RECIPIENTS: Final = Section(
    name="recipients",
    doc="Who gets data again and again (Art. 4(9), 28, 44 GDPR).",
    main="role",
    entry=Record(
        main="role",
        keys=(
            Key(
                name="role",
                shape=word(*Role, undecided=True),
                doc="Whether it decides or processes for us.",
                control=Control.GUARD,
                required=True,
            ),
            Key(
                name="country",
                shape=plain(Kind.COUNTRY, "any", undecided=True),
                doc="Where the data goes.",
                control=Control.GUARD,
            ),
            Key(name="purposes", shape=_PURPOSES, doc="What it may use data for.", control=Control.GUARD),
            Key(name="data", shape=_DATA, doc="The kinds of data it gets.", control=Control.GUARD),
            Key(
                name="announce",
                shape=period(undecided=True),
                doc="Notice before a new or changed recipient.",
                control=Control.DELIVERY,
            ),
            Key(
                name="contract",
                shape=names(undecided=True),
                doc="Clauses its contract must hold (Art. 28(3) GDPR).",
                control=Control.DOCUMENT,
            ),
            Key(
                name="instructions",
                shape=word("required", undecided=True),
                doc="Whether it acts only on instruction.",
                control=Control.DOCUMENT,
            ),
            Key(
                name="safeguard",
                shape=name(undecided=True),
                doc="What protects a transfer (Art. 44 GDPR).",
                control=Control.GUARD,
            ),
            Key(
                name="assurance",
                shape=period(undecided=True),
                doc="How old its last proof of security may be.",
                control=Control.DOCUMENT,
            ),
            Key(
                name="needs",
                shape=words(*_USE_NEEDS),
                doc="What must be on record before data goes.",
                control=Control.GUARD,
            ),
            Key(
                name="published",
                shape=word("page", "in-text", undecided=True),
                doc="Where people can read of it.",
                control=Control.PAGE,
            ),
        ),
    ),
)

DISCLOSURES: Final = Section(
    name="disclosures",
    doc="Data leaving case by case; what stands neither here nor under recipients is refused.",
    main="needs",
    fixed=(Key(name="never", shape=names(), doc="Flows that never happen.", control=Control.GUARD),),
    entry=Record(
        main="needs",
        keys=(
            Key(
                name="needs",
                shape=words(*Need),
                doc="What must be on record before data leaves.",
                control=Control.LEDGER,
                default="what `all` needs",
            ),
            Key(name="data", shape=_DATA, doc="The kinds of data that may leave.", control=Control.LEDGER),
            Key(name="to", shape=names(), doc="Who may receive it.", control=Control.LEDGER),
            Key(
                name="tell",
                shape=refer("people", "controllers", also=("person",), many=Many.EITHER),
                doc="Who is told.",
                control=Control.DELIVERY,
            ),
        ),
    ),
)

MEASURES: Final = Section(
    name="measures",
    doc="Technical measures a program can check (Art. 32 GDPR).",
    main="check",
    entry=Record(
        main="check",
        keys=(
            Key(name="of", shape=_DATA, doc="The kinds of data it protects.", control=Control.CONFIG, required=True),
            Key(name="check", shape=word(*Check), doc="What is checked.", control=Control.CONFIG, required=True),
            Key(name="roles", shape=names(), doc="The roles that may have access.", control=Control.CONFIG),
            Key(name="every", shape=period(undecided=True), doc="How often.", control=Control.DELIVERY),
        ),
    ),
)

PLEDGES: Final = Section(
    name="pledges",
    doc="Binding, but only a role can vouch for it, again and again.",
    main="owner",
    listed=True,
    entry=Record(
        main="owner",
        keys=(
            Key(name="owner", shape=name(), doc="The role that vouches.", control=Control.PLEDGE, required=True),
            Key(
                name="review",
                shape=period(),
                doc="How long an affirmation lasts.",
                control=Control.PLEDGE,
                required=True,
            ),
        ),
    ),
)

SET_BY: Final = Key(
    name="set-by",
    shape=name(),
    doc="The role that chose a value the text does not give; any element may carry it.",
    control=Control.DOCUMENT,
)

SECTIONS: Final = (
    CONTROLLER, TEXT, LAWS, PEOPLE, DATA, PURPOSES, CONSENT, COOKIES, NOTICES, RETENTION, REQUESTS, RECIPIENTS,
    DISCLOSURES, MEASURES, PLEDGES, SYSTEMS, SAFETY,
)  # fmt: skip
"""All sections in the order of the file."""

BY_NAME: Final = {section.name: section for section in SECTIONS}

CHECK_CONTROLS: Final = {
    Check.ANONYMITY: Control.SCAN,
    Check.SENSITIVE_VALUES: Control.SCAN,
    Check.SECRET_SCAN: Control.SCAN,
    Check.BACKUP_RESTORED: Control.DRILL,
    Check.RESET_PAGE: Control.PAGE,
    Check.REGISTER_COMPLETE: Control.LEDGER,
    Check.INCIDENT_REGISTER: Control.LEDGER,
}
"""`measures.check` is the one key whose word names what is checked; every other check reads a system's settings."""


def control_of(section: str, key: str, value: object = None) -> str:
    """What proves a key of the grammar, in the words of the grammar; empty when the key does not exist.

    `value` matters for `measures.check` alone.
    """
    if (section, key) == ("measures", "check") and isinstance(value, str) and value in set(Check):
        return CHECK_CONTROLS.get(Check(value), Control.CONFIG)
    found = next((k for k in citable(section) if k.name == key), None)
    return found.control or Control.CONFIG if found else ""


def citable(section: str) -> Iterator[Key]:
    """Every key of a section that a promise may be bound to, those of inner elements included."""
    known = BY_NAME.get(section)
    if known is None:
        return
    for key in (*known.fixed, *(known.entry.keys if known.entry else ())):
        yield key
        yield from _inner(key.shape)
    yield SET_BY


def _inner(shape: Shape) -> Iterator[Key]:
    record = shape if isinstance(shape, Record) else getattr(shape, "record", None)
    if isinstance(record, Record) and record.main:
        for key in record.keys:
            yield key
            yield from _inner(key.shape)
