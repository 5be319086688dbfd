"""The grammar's second half: notices, retention, requests, recipients, disclosures, measures, pledges."""

from __future__ import annotations

from typing import Final

from kept.law.terms import (
    Check,
    Event,
    Ground,
    Need,
    Outcome,
    RequestKind,
    Role,
)
from kept.policy.grammar_uses import DATA_KINDS, USE_NEEDS, WAYS
from kept.policy.shapes import (
    Control,
    Kind,
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

FATES: Final = tuple(o for o in Outcome if o is not Outcome.KEEP)

USES: Final = refer("purposes", also=("all",), many=Many.LIST)

NOTICES: Final = Section(
    name="notices",
    doc="Who must learn what, and when (Art. 13, 14 GDPR).",
    main="from",
    entry=Record(
        main="from",
        keys=(
            key("from", word(*Event, undecided=True), "The event that makes it due.", Control.DELIVERY, required=True),
            key(
                "to",
                refer("people", also=("all", "requester"), many=Many.EITHER),
                "Who is told.",
                Control.DELIVERY,
                default="everybody concerned",
            ),
            key(
                "for",
                refer("residences", also=("all",), many=Many.LIST),
                "Only people residing there.",
                Control.DELIVERY,
            ),
            key("within", period(undecided=True), "How soon.", Control.DELIVERY),
            key("before", word("use", "disclosure", "collection"), "What must wait for it.", Control.GUARD),
            key("by", names(), "The ways it is delivered.", Control.DELIVERY),
            key("contains", names(), "What it must say.", Control.DOCUMENT),
            key("repeat", period(undecided=True), "How often it is sent again.", Control.DELIVERY),
            key("needs", words(*USE_NEEDS), "What must be on record before the change holds.", Control.GUARD),
            key("language", word("plain"), "How it is written (Art. 12(1) GDPR).", Control.DOCUMENT),
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
            key(
                "data",
                refer("data", also=("all", "other"), many=Many.EITHER),
                "The kinds it holds for; without it, the kind of the rule's own name.",
                Control.COUNT,
                default="the rule's name",
            ),
            key(
                "from",
                word(*(e for e in Event if e is not Event.INTERVAL), undecided=True),
                "The event the period is counted from.",
                Control.COUNT,
            ),
            key(
                "keep",
                plain(Kind.KEEP, undecided=True),
                "`at most P` or `no longer`: a ceiling; `at least P` or `while STATE`: a floor.",
                Control.COUNT,
                required=True,
            ),
            key("then", word(*FATES), "What happens when the period is over.", Control.DRILL),
            key("law", text(undecided=True), "The statute behind a floor.", Control.COUNT),
            key(
                "ground",
                words(*Ground, many=Many.EITHER),
                "Why a floor holds against a granted erasure (Art. 17(3) GDPR).",
                Control.COUNT,
            ),
            key(
                "interest", text(undecided=True), "The balancing test behind an overriding interest.", Control.DOCUMENT
            ),
            key("purposes", refer("purposes", many=Many.LIST), "The only purposes left to kept data.", Control.GUARD),
            key("review", period(undecided=True), "How often a floor without an end is looked at.", Control.DELIVERY),
        ),
    ),
)

_PROOFS: Final = names(undecided=True)

_CHANNEL: Final = Record(
    main="address",
    keys=(key("address", text(undecided=True), "Where a message becomes a case.", Control.CANARY, required=True),),
)

_GRANTED: Final = (*FATES, "suppress", "revoke")

REQUESTS: Final = Section(
    name="requests",
    doc="What a person may ask, and how it is answered (Art. 12, 15 to 22 GDPR).",
    main="for",
    fixed=(
        key("answer-within", period(undecided=True), "How soon an answer is due (Art. 12(3) GDPR).", Control.DELIVERY),
        key("verify", Pairs(key=refer("requests"), value=_PROOFS), "What shows who is asking, per kind.", Control.CASE),
        key("verify-by", name(undecided=True), "Who verifies, if not the controller.", Control.CASE),
        key("channels", Named(record=_CHANNEL), "Where requests arrive.", Control.CASE),
        key("agents-need", _PROOFS, "What an agent must show.", Control.CASE),
        key("without", names(), "Hurdles that are not allowed.", Control.CASE),
        key("refusal-needs", names(), "What a refusal must carry.", Control.CASE),
    ),
    entry=Record(
        main="for",
        keys=(
            key(
                "kind",
                word(*RequestKind),
                "Which right it is; without it, the entry's own name.",
                Control.CASE,
                default="the entry's name",
            ),
            key(
                "for",
                refer("people", "residences", also=("all",), many=Many.EITHER),
                "Who may ask.",
                Control.CASE,
                default="everybody",
            ),
            key("channels", WAYS, "Where it may arrive.", Control.CASE),
            key("gives", names(), "What the answer holds.", Control.DRILL),
            key("purposes", USES, "Purposes it stops.", Control.GUARD),
            key("data", DATA_KINDS, "Kinds of data it speaks of.", Control.CASE),
            key("answer-within", period(undecided=True), "How soon an answer is due.", Control.DELIVERY),
            key("complete-within", period(undecided=True), "How soon it is carried out.", Control.DELIVERY),
            key("then", words(*_GRANTED, many=Many.EITHER), "What a granted request does.", Control.DRILL),
            key("covers", word("last-calendar-year", "last-12-months", "all"), "The time it looks back.", Control.CASE),
            key("subject", text(), "The subject line that marks it.", Control.CANARY),
            key("stages", names(), "Who decides, one after another.", Control.CASE),
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
            key(
                "role",
                word(*Role, undecided=True),
                "Whether it decides or processes for us.",
                Control.GUARD,
                required=True,
            ),
            key("country", plain(Kind.COUNTRY, "any", undecided=True), "Where the data goes.", Control.GUARD),
            key("purposes", USES, "What it may use data for.", Control.GUARD),
            key("data", DATA_KINDS, "The kinds of data it gets.", Control.GUARD),
            key("announce", period(undecided=True), "Notice before a new or changed recipient.", Control.DELIVERY),
            key(
                "contract", names(undecided=True), "Clauses its contract must hold (Art. 28(3) GDPR).", Control.DOCUMENT
            ),
            key(
                "instructions",
                word("required", undecided=True),
                "Whether it acts only on instruction.",
                Control.DOCUMENT,
            ),
            key("safeguard", name(undecided=True), "What protects a transfer (Art. 44 GDPR).", Control.GUARD),
            key("assurance", period(undecided=True), "How old its last proof of security may be.", Control.DOCUMENT),
            key("needs", words(*USE_NEEDS), "What must be on record before data goes.", Control.GUARD),
            key("published", word("page", "in-text", undecided=True), "Where people can read of it.", Control.PAGE),
        ),
    ),
)

DISCLOSURES: Final = Section(
    name="disclosures",
    doc="Data leaving case by case; what stands neither here nor under recipients is refused.",
    main="needs",
    fixed=(key("never", names(), "Flows that never happen.", Control.GUARD),),
    entry=Record(
        main="needs",
        keys=(
            key(
                "needs",
                words(*Need),
                "What must be on record before data leaves.",
                Control.LEDGER,
                default="what `all` needs",
            ),
            key("data", DATA_KINDS, "The kinds of data that may leave.", Control.LEDGER),
            key("to", names(), "Who may receive it.", Control.LEDGER),
            key(
                "tell",
                refer("people", "controllers", also=("person",), many=Many.EITHER),
                "Who is told.",
                Control.DELIVERY,
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
            key("of", DATA_KINDS, "The kinds of data it protects.", Control.CONFIG, required=True),
            key("check", word(*Check), "What is checked.", Control.CONFIG, required=True),
            key("roles", names(), "The roles that may have access.", Control.CONFIG),
            key("every", period(undecided=True), "How often.", Control.DELIVERY),
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
            key("owner", name(), "The role that vouches.", Control.PLEDGE, required=True),
            key("review", period(), "How long an affirmation lasts.", Control.PLEDGE, required=True),
        ),
    ),
)
