"""The grammar's first half: who answers, the prose, the laws, whose data, what data, what for, consent, devices."""

from __future__ import annotations

from typing import Final

from kept.law.terms import (
    DISCLOSURE_NEEDS,
    Basis,
    CookieClass,
    Defect,
    Need,
    Role,
)
from kept.policy.shapes import (
    Control,
    Kind,
    Listed,
    Many,
    Named,
    Pairs,
    Record,
    Section,
    key,
    name,
    names,
    period,
    plain,
    refer,
    text,
    word,
    words,
)

PACKS: Final = ("gdpr", "ccpa", "eu-us-dpf", "swiss-us-dpf")
"""Rule packs that exist as data."""

USE_NEEDS: Final = tuple(n for n in Need if n not in DISCLOSURE_NEEDS)
"""Needs of a use or of a standing flow; the rest belong to disclosures."""

DATA_KINDS: Final = refer("data", also=("all",), many=Many.LIST)

WAYS: Final = refer("channels", many=Many.LIST)

CONTROLLER: Final = Section(
    name="controller",
    doc="Who answers for the data (Art. 4(7) GDPR). One installation serves one controller.",
    main="name",
    required=True,
    fixed=(
        key("name", text(), "The controller's name.", Control.DOCUMENT, required=True),
        key("country", plain(Kind.COUNTRY), "Its country, as ISO 3166 code.", Control.DOCUMENT, required=True),
        key("timezone", plain(Kind.ZONE), "The zone in which days are counted.", Control.DOCUMENT, required=True),
        key(
            "languages",
            plain(Kind.LANGUAGE, many=Many.LIST),
            "Languages people are answered in.",
            Control.DOCUMENT,
            required=True,
        ),
        key("contact", text(undecided=True), "Where people write to.", Control.DOCUMENT),
    ),
)

_DOCUMENT: Final = Record(
    main="documents",
    keys=(
        key("file", text(undecided=True), "The document the text links to.", Control.DOCUMENT),
        key("review", period(undecided=True), "How often it is read again.", Control.DELIVERY),
    ),
)

_DEFECT: Final = Record(
    main="defects",
    keys=(
        key("defect", word(*Defect), "Why the sentence cannot run as written.", Control.TEXT, required=True),
        key("with", plain(Kind.PROMISE, many=Many.LIST), "The promises it contradicts.", Control.TEXT),
        key("owner", name(), "The role that will have the text amended.", Control.TEXT, required=True),
    ),
)

TEXT: Final = Section(
    name="text",
    doc="The published prose itself.",
    main="version",
    fixed=(
        key("file", text(), "The prose, each sentence ending with its promise ids.", Control.DOCUMENT),
        key("version", text(undecided=True), "The date or number the published text bears.", Control.DOCUMENT),
        key("promises", text(), "A CSV file of promise id, kind and obligation.", Control.DOCUMENT),
        key("address", text(undecided=True), "Where the text is published.", Control.PAGE),
        key("scope", names(), "The services the text covers.", Control.SCAN),
        key("review", period(undecided=True), "How often the text is read again.", Control.DELIVERY),
        key("documents", Named(record=_DOCUMENT), "Documents the text links to.", Control.DOCUMENT),
        key(
            "statements",
            plain(Kind.PROMISE, many=Many.LIST),
            "Sentences that bind nobody: noted, outside the count.",
            Control.NONE,
        ),
        key(
            "defects",
            Listed(record=_DEFECT),
            "Sentences that cannot run as written: broken until the text is amended.",
            Control.TEXT,
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
            key(
                "for",
                refer("residences", also=("all",), many=Many.LIST),
                "Residence of the person or origin of the data.",
                Control.CASE,
                default="everybody",
            ),
            key("since", plain(Kind.DAY), "The day the pack begins to apply.", Control.CASE),
            key("certificate", text(undecided=True), "The certificate that shows participation.", Control.DOCUMENT),
            key("over-policy", plain(Kind.FLAG), "Whether the pack wins a conflict with the text.", Control.CASE),
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
            key("role", word(*Role, undecided=True), "Who decides about the data.", Control.CASE, required=True),
            key("for", refer("controllers"), "The controller we process for.", Control.CASE),
            key(
                "except",
                Pairs(key=refer("purposes"), value=word(*Role)),
                "Purposes in which our role is another one.",
                Control.CASE,
            ),
            key("refer-to", refer("controllers"), "Who answers requests instead.", Control.CASE),
            key(
                "minimum-age",
                Pairs(key=refer("residences", also=("any",)), value=plain(Kind.NUMBER, undecided=True)),
                "Youngest age per country of residence (Art. 8 GDPR).",
                Control.COUNT,
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
            key(
                "people",
                refer("people", also=("all",), many=Many.LIST),
                "Whose data it is.",
                Control.SCAN,
                required=True,
            ),
            key("categories", names(), "Categories of personal data (Art. 30(1)(c) GDPR).", Control.SCAN),
            key(
                "fields",
                names("declared"),
                "The closed list of fields; `declared`: no column without a kind, no kind without a purpose.",
                Control.SCAN,
            ),
            key("sources", names(undecided=True), "The ways in which it is collected.", Control.COUNT),
            key("optional", names("all"), "Fields a person may leave out; `all`: anonymous use.", Control.PAGE),
            key("never", names(), "Fields that must not occur.", Control.SCAN),
            key(
                "precision",
                Pairs(key=name(), value=name(undecided=True)),
                "How coarse a field is stored.",
                Control.SCAN,
            ),
            key(
                "checked-before",
                refer("purposes", many=Many.LIST),
                "Purposes before which a value must have been verified.",
                Control.COUNT,
            ),
            key(
                "only-for",
                refer("purposes", many=Many.LIST),
                "Purposes beyond which no other may ever name it.",
                Control.GUARD,
            ),
        ),
    ),
)

_DECISION: Final = Record(
    keys=(
        key("model", name(), "The model that decides.", required=True),
        key(
            "effect",
            word("none", "legal", "significant", undecided=True),
            "What it does to a person (Art. 22(1) GDPR).",
            required=True,
        ),
        key("review", word("person"), "Who looks at a decision again (Art. 22(3) GDPR)."),
        key("explain", plain(Kind.FLAG), "Whether the reasons are told."),
    )
)

PURPOSES: Final = Section(
    name="purposes",
    doc="The only ways data may be used; a mail or a call is a use too (Art. 5(1)(b) GDPR).",
    main="data",
    entry=Record(
        main="data",
        keys=(
            key(
                "basis",
                words(*Basis, many=Many.EITHER, undecided=True),
                "Lawful basis (Art. 6(1) GDPR).",
                Control.DOCUMENT,
                required=True,
            ),
            key("law", text(undecided=True), "The statute behind a legal obligation.", Control.DOCUMENT),
            key("data", DATA_KINDS, "The kinds of data it may use.", Control.GUARD, required=True),
            key("channel", name("any", undecided=True), "How a person is reached: email, phone, post.", Control.SEND),
            key(
                "opt-out",
                refer("channels", also=("none",), many=Many.EITHER),
                "Ways to stop it; `none`: a service message.",
                Control.SEND,
            ),
            key("interest", text(undecided=True), "The balancing test behind a legitimate interest.", Control.DOCUMENT),
            key("needs", words(*USE_NEEDS), "What must be on record before a use.", Control.GUARD),
            key("roles", names(), "The roles that may use it.", Control.GUARD),
            key("decision", _DECISION, "An automated decision: model, effect, review.", Control.GUARD),
        ),
    ),
)

CONSENT: Final = Section(
    name="consent",
    doc="What counts as a yes, and what a no does (Art. 7 GDPR).",
    main="given-by",
    fixed=(
        key("given-by", names(), "Acts that count as consent.", Control.COUNT),
        key("never-by", names(), "Acts that are never recorded as consent.", Control.COUNT),
        key("withdrawn-by", WAYS, "Ways to withdraw.", Control.CASE),
        key("takes-effect", period(undecided=True), "How soon a withdrawal stops every use.", Control.GUARD),
    ),
)

_CHOICE: Final = Record(
    main="choice",
    keys=(
        key("at", word("first-visit", "every-visit"), "When the person is asked.", Control.PAGE),
        key("refuse", word("equal"), "How easy it is to refuse.", Control.PAGE),
        key("per", word("class", "cookie", "provider"), "What is chosen one by one.", Control.PAGE),
    ),
)

_SIGNALS: Final = Record(
    main="signals",
    keys=(
        key("dnt", word("honoured", "logged", "ignored"), "Do Not Track.", Control.PAGE),
        key("gpc", word("honoured", "logged", "ignored"), "Global Privacy Control.", Control.PAGE),
    ),
)

_COOKIE: Final = Record(
    main="class",
    keys=(
        key("class", word(*CookieClass, undecided=True), "What it is for.", Control.PAGE, required=True),
        key("lifetime", period("session", undecided=True), "How long it stays on the device.", Control.PAGE),
        key("data", DATA_KINDS, "The kinds of data it collects.", Control.SCAN),
        key("provider", name(undecided=True), "Who sets it, if not the site.", Control.PAGE),
        key("settings", Pairs(key=name(), value=text(undecided=True)), "Settings at the provider.", Control.CONFIG),
    ),
)

COOKIES: Final = Section(
    name="cookies",
    doc="What is stored on or read from a device.",
    main="class",
    fixed=(
        key("choice", _CHOICE, "When and how a person chooses.", Control.PAGE),
        key("signals", _SIGNALS, "What a browser's signal does.", Control.PAGE),
        key("domains", text(many=Many.LIST), "Domains the section speaks of.", Control.PAGE),
        key("places", names(), "Where on a device or a server things are stored.", Control.SCAN),
        key("used", Named(record=_COOKIE), "The cookies and their like, one by one.", Control.PAGE),
    ),
)
