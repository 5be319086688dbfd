"""The plumbing sections of the grammar: where the data is (`systems`) and the belts (`safety`)."""

from __future__ import annotations

from typing import Final

from kept.law.terms import COLUMN_EVENTS, Edge, Event, Fate, RequestKind
from kept.policy.shapes import (
    Control,
    Either,
    Key,
    Kind,
    Listed,
    Many,
    Named,
    Pairs,
    Record,
    Reserved,
    Section,
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
_EDGE: Final = Key(
    name="edge", shape=word(*Edge), doc="How the row belongs: own, share, mention or derive.", default="own"
)
_WHEN: Final = Key(
    name="when", shape=Pairs(key=text(), value=text()), doc="Column values that must hold: a polymorphic link."
)
_PARENT: Final = Record(
    keys=(
        Key(name="table", shape=text(), doc="The parent table.", required=True),
        Key(name="via", shape=_COLUMNS, doc="The columns that name the parent row.", required=True),
        Key(name="to", shape=_COLUMNS, doc="The parent's columns they name.", default="the parent's key"),
        _WHEN,
        _EDGE,
    )
)
_LINK: Final = Record(
    keys=(
        Key(name="to", shape=text(), doc="The table whose rows point at this one.", required=True),
        Key(name="via", shape=_COLUMNS, doc="The columns of that table that name this row.", required=True),
        _WHEN,
        _EDGE,
    )
)
_CLOCK: Final = Record(
    keys=(
        Key(name="column", shape=text(), doc="The column that says when it happened; NULL: not yet.", required=True),
        Key(name="zone", shape=plain(Kind.ZONE), doc="The zone of a column without one.", default="the system's clock"),
        Key(
            name="format",
            shape=word("timestamp", "date", "epoch", "epoch-ms", "iso"),
            doc="How the instant is written.",
            default="by the column's type",
        ),
    )
)
_CELL: Final = (
    Key(name="kind", shape=refer("data"), doc="Its kind of data.", default="the table's kind"),
    Key(name="category", shape=name(), doc="Its category of personal data."),
    Key(name="field", shape=name(), doc="The declared field it holds.", default="its name in kebab-case"),
    Key(name="fate", shape=word(*Fate), doc="What becomes of it when its row is due."),
    Key(name="reason", shape=text(), doc="Why it is kept."),
)
_COLUMN: Final = Record(
    keys=(
        *_CELL,
        Key(
            name="json",
            shape=Pairs(key=text(), value=Record(keys=_CELL)),
            doc="What stands at a path of a JSON column.",
        ),
    )
)
_TABLE: Final = Record(
    main="kind",
    keys=(
        Key(name="is", shape=refer("people"), doc="The kind of people whose rows these are."),
        Key(name="of", shape=Either(short=text(), long=Listed(record=_PARENT)), doc="Whose data the row is."),
        Key(name="via", shape=_COLUMNS, doc="The columns that name the row of `of`."),
        Key(name="key", shape=_COLUMNS, doc="The columns that name a row.", default="the database's own key"),
        Key(
            name="find-by",
            shape=Pairs(key=name(), value=text()),
            doc="Identifiers that find a person; a name never does.",
        ),
        Key(name="kind", shape=refer("data"), doc="The kind of data of the columns that say nothing."),
        Key(name="columns", shape=Pairs(key=text(), value=_COLUMN), doc="What single columns hold."),
        Key(
            name="on",
            shape=Pairs(
                key=word(*(event for event in Event if event in COLUMN_EVENTS)),
                value=Either(short=text(), long=_CLOCK),
            ),
            doc="Which column says when an event happened.",
        ),
        Key(name="links", shape=Listed(record=_LINK), doc="Tables that point here without a foreign key."),
        Key(name="triggers", shape=text(many=Many.LIST), doc="Reviewed triggers that copy nothing personal."),
        Key(
            name="source",
            shape=Either(short=names(), long=Record(keys=(Key(name="column", shape=text(), doc="Its column.",
                                                              required=True),))),
            doc="Where the rows came from: a column, or a constant list.",
        ),
        Key(
            name="about",
            shape=Pairs(key=word("residence", "birth-date"), value=text()),
            doc="Columns that rules for ages and residences read.",
        ),
        Key(name="holds-restriction", shape=Reserved(), doc="Reserved."),
    ),
)  # fmt: skip
_CANARY: Final = Record(
    keys=(
        Key(name="table", shape=text(), doc="The table that holds it.", required=True),
        Key(name="key", shape=text(), doc="Its key.", required=True),
    )
)
_CONTROLLERS: Final = Record(
    keys=(
        Key(name="table", shape=text(), doc="The table that lists them.", required=True),
        Key(name="key", shape=text(), doc="Its key column.", required=True),
        Key(name="name", shape=text(), doc="The column of the name."),
        Key(name="contact", shape=text(), doc="The column of the contact."),
        Key(name="keep-days", shape=text(), doc="The column of the period they set."),
    )
)
_BACKUP: Final = Record(
    keys=(
        Key(name="name", shape=name(), doc="Its name.", required=True),
        Key(name="keeps", shape=period(), doc="How long its copies live.", required=True),
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
            Key(name="url", shape=text(), doc="`env:NAME` or a URL without a secret.", required=True),
            Key(name="canary", shape=_CANARY, doc="A row that must be found before «nothing found» is believed."),
            Key(name="clock", shape=plain(Kind.ZONE), doc="Default zone of its columns.", default="UTC"),
            Key(name="controllers", shape=_CONTROLLERS, doc="Where the controllers we process for are listed."),
            Key(name="tables", shape=Named(record=_TABLE, free=True), doc="The tables that hold personal data."),
            Key(
                name="nothing-personal",
                shape=text(many=Many.LIST),
                doc="Tables reviewed as holding nothing personal. Our addition to the grammar.",
            ),
            Key(name="backups", shape=Listed(record=_BACKUP), doc="Registered backups."),
            Key(
                name="generation",
                shape=Record(keys=(Key(name="table", shape=text(), doc="Its table.", required=True),)),
                doc="The table that marks a restored copy.",
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
        Key(name="stop-above", shape=plain(Kind.SHARE), doc="Share of a kind's rows per table that stops a plan.",
            control=Control.CONFIG, default="5 %"),
        Key(name="approve", shape=words(*RequestKind, "retention"), doc="Plans that need a second person.",
            control=Control.CONFIG),
        Key(name="fresh-within", shape=period(), doc="How old a proof may be.", control=Control.CONFIG,
            default="24 hours"),
        Key(name="recovery-window", shape=Reserved(), doc="Reserved."),
    ),
)  # fmt: skip
