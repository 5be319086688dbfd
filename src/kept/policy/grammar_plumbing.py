"""The plumbing sections of the grammar: where the data is (`systems`) and the belts (`safety`)."""

from __future__ import annotations

from typing import Final

from kept.law.terms import COLUMN_EVENTS, Edge, Event, Fate, RequestKind
from kept.policy.shapes import (
    Control,
    Either,
    Kind,
    Listed,
    Many,
    Named,
    Pairs,
    Record,
    Reserved,
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

_COLUMNS: Final = text(many=Many.EITHER)

_EDGE: Final = key("edge", word(*Edge), "How the row belongs: own, share, mention or derive.", default="own")

_WHEN: Final = key("when", Pairs(key=text(), value=text()), "Column values that must hold: a polymorphic link.")

_PARENT: Final = Record(
    keys=(
        key("table", text(), "The parent table.", required=True),
        key("via", _COLUMNS, "The columns that name the parent row.", required=True),
        key("to", _COLUMNS, "The parent's columns they name.", default="the parent's key"),
        _WHEN,
        _EDGE,
    )
)

_LINK: Final = Record(
    keys=(
        key("to", text(), "The table whose rows point at this one.", required=True),
        key("via", _COLUMNS, "The columns of that table that name this row.", required=True),
        _WHEN,
        _EDGE,
    )
)

_CLOCK: Final = Record(
    keys=(
        key("column", text(), "The column that says when it happened; NULL: not yet.", required=True),
        key("zone", plain(Kind.ZONE), "The zone of a column without one.", default="the system's clock"),
        key(
            "format",
            word("timestamp", "date", "epoch", "epoch-ms", "iso"),
            "How the instant is written.",
            default="by the column's type",
        ),
    )
)

_CELL: Final = (
    key("kind", refer("data"), "Its kind of data.", default="the table's kind"),
    key("category", name(), "Its category of personal data."),
    key("field", name(), "The declared field it holds.", default="its name in kebab-case"),
    key("fate", word(*Fate), "What becomes of it when its row is due."),
    key("reason", text(), "Why it is kept."),
)

_COLUMN: Final = Record(
    keys=(*_CELL, key("json", Pairs(key=text(), value=Record(keys=_CELL)), "What stands at a path of a JSON column."))
)

_TABLE: Final = Record(
    main="kind",
    keys=(
        key("is", refer("people"), "The kind of people whose rows these are."),
        key("of", Either(short=text(), long=Listed(record=_PARENT)), "Whose data the row is."),
        key("via", _COLUMNS, "The columns that name the row of `of`."),
        key("key", _COLUMNS, "The columns that name a row.", default="the database's own key"),
        key("find-by", Pairs(key=name(), value=text()), "Identifiers that find a person; a name never does."),
        key("kind", refer("data"), "The kind of data of the columns that say nothing."),
        key("columns", Pairs(key=text(), value=_COLUMN), "What single columns hold."),
        key(
            "on",
            Pairs(
                key=word(*(event for event in Event if event in COLUMN_EVENTS)), value=Either(short=text(), long=_CLOCK)
            ),
            "Which column says when an event happened.",
        ),
        key("links", Listed(record=_LINK), "Tables that point here without a foreign key."),
        key("triggers", text(many=Many.LIST), "Reviewed triggers that copy nothing personal."),
        key(
            "source",
            Either(short=names(), long=Record(keys=(key("column", text(), "Its column.", required=True),))),
            "Where the rows came from: a column, or a constant list.",
        ),
        key(
            "about",
            Pairs(key=word("residence", "birth-date"), value=text()),
            "Columns that rules for ages and residences read.",
        ),
        key("holds-restriction", Reserved(), "Reserved."),
    ),
)

_CANARY: Final = Record(
    keys=(
        key("table", text(), "The table that holds it.", required=True),
        key("key", text(), "Its key.", required=True),
    )
)

_CONTROLLERS: Final = Record(
    keys=(
        key("table", text(), "The table that lists them.", required=True),
        key("key", text(), "Its key column.", required=True),
        key("name", text(), "The column of the name."),
        key("contact", text(), "The column of the contact."),
        key("keep-days", text(), "The column of the period they set."),
    )
)

_BACKUP: Final = Record(
    keys=(
        key("name", name(), "Its name.", required=True),
        key("keeps", period(), "How long its copies live.", required=True),
    )
)

SYSTEMS: Final = Section(
    name="systems",
    doc="Plumbing: where the data is. Secrets come from the environment.",
    main="url",
    plumbing=True,
    entry=Record(
        main="url",
        keys=(
            key("url", text(), "`env:NAME` or a URL without a secret.", required=True),
            key("canary", _CANARY, "A row that must be found before «nothing found» is believed."),
            key("clock", plain(Kind.ZONE), "Default zone of its columns.", default="UTC"),
            key("controllers", _CONTROLLERS, "Where the controllers we process for are listed."),
            key("tables", Named(record=_TABLE, free=True), "The tables that hold personal data."),
            key(
                "nothing-personal",
                text(many=Many.LIST),
                "Tables reviewed as holding nothing personal. Our addition to the grammar.",
            ),
            key("backups", Listed(record=_BACKUP), "Registered backups."),
            key(
                "generation",
                Record(keys=(key("table", text(), "Its table.", required=True),)),
                "The table that marks a restored copy.",
            ),
        ),
    ),
)

SAFETY: Final = Section(
    name="safety",
    doc="Plumbing: belts against deleting too much and believing too long.",
    main="stop-above",
    plumbing=True,
    fixed=(
        key(
            "stop-above",
            plain(Kind.SHARE),
            "Share of a kind's rows per table that stops a plan.",
            Control.CONFIG,
            default="5 %",
        ),
        key("approve", words(*RequestKind, "retention"), "Plans that need a second person.", Control.CONFIG),
        key("fresh-within", period(), "How old a proof may be.", Control.CONFIG, default="24 hours"),
        key("recovery-window", Reserved(), "Reserved."),
    ),
)
