"""The closed vocabularies of the policy file, each word with the article it comes from."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Outcome(StrEnum):
    """What may happen to a cell, weakest first (the lattice of decided semantics)."""

    KEEP = "keep"
    RESTRICT = "restrict"  # Art. 4(3), 18
    PSEUDONYMISE = "pseudonymise"  # Art. 4(5)
    ANONYMISE = "anonymise"  # rec. 26
    DELETE = "delete"  # Art. 17

    @property
    def strength(self) -> int:
        """Position in the lattice keep < restrict < pseudonymise < anonymise < delete."""
        return _LATTICE.index(self)


_LATTICE: Final = tuple(Outcome)


class Role(StrEnum):
    """Who decides about the data of a kind of people (Art. 4(7), 4(8), 26)."""

    CONTROLLER = "controller"
    PROCESSOR = "processor"
    JOINT = "joint"


class Event(StrEnum):
    """What a period is counted from."""

    COLLECTED = "collected"
    OBTAINED_ELSEWHERE = "obtained-elsewhere"
    ACCOUNT_OPENED = "account-opened"
    ACCOUNT_CLOSED = "account-closed"
    CONTRACT_ENDED = "contract-ended"
    CASE_CLOSED = "case-closed"
    APPLICATION_DECIDED = "application-decided"
    PURPOSE_ENDED = "purpose-ended"
    END_OF_CALENDAR_YEAR = "end-of-calendar-year"
    LAST_CHECKED = "last-checked"
    FOUND_INACCURATE = "found-inaccurate"
    MINOR_FOUND = "minor-found"
    OBJECTION = "objection"
    NEW_PURPOSE = "new-purpose"
    POLICY_CHANGED = "policy-changed"
    MATERIAL_CHANGE = "material-change"
    ERASURE_INCOMPLETE = "erasure-incomplete"
    INTERVAL = "interval"
    CONSENT_WITHDRAWN = "consent-withdrawn"


COLUMN_EVENTS: Final = frozenset(
    {
        Event.COLLECTED,
        Event.OBTAINED_ELSEWHERE,
        Event.ACCOUNT_OPENED,
        Event.ACCOUNT_CLOSED,
        Event.CONTRACT_ENDED,
        Event.CASE_CLOSED,
        Event.APPLICATION_DECIDED,
        Event.LAST_CHECKED,
    }
)
"""Events a table maps to a column (`on`)."""

DERIVED_EVENTS: Final = frozenset({Event.END_OF_CALENDAR_YEAR, Event.INTERVAL})
"""Events computed from another one: the year's end from `collected`, the interval from the last delivery."""

FACT_EVENTS: Final = frozenset(Event) - COLUMN_EVENTS - DERIVED_EVENTS
"""Events that are reported: by a case, by `kept event`, by a polled table."""


class State(StrEnum):
    """What a `while` floor waits for; false until recorded."""

    ACCOUNT_OPEN = "account-open"
    HOLD = "hold"
    IN_BACKUP = "in-backup"
    NEEDED = "needed"


class Ground(StrEnum):
    """Why something may outlast a granted erasure (Art. 17(3))."""

    LEGAL_OBLIGATION = "legal-obligation"  # Art. 17(3)(b), needs `law`
    LEGAL_CLAIMS = "legal-claims"  # Art. 17(3)(e)
    OVERRIDING_INTEREST = "overriding-interest"  # Art. 17(1)(c), 21(1); needs a balancing test
    BACKUP = "backup"  # delays reclaimed, never deleted

    @property
    def article(self) -> str:
        """The article a person is told."""
        return _GROUND_ARTICLES[self]


_GROUND_ARTICLES: Final = {
    Ground.LEGAL_OBLIGATION: "Art. 17(3)(b) GDPR",
    Ground.LEGAL_CLAIMS: "Art. 17(3)(e) GDPR",
    Ground.OVERRIDING_INTEREST: "Art. 17(1)(c) GDPR",
    Ground.BACKUP: "Art. 17(1) GDPR",
}


class Basis(StrEnum):
    """Lawful bases (Art. 6(1))."""

    CONSENT = "consent"
    CONTRACT = "contract"
    LEGAL_OBLIGATION = "legal-obligation"
    VITAL_INTERESTS = "vital-interests"
    PUBLIC_TASK = "public-task"
    LEGITIMATE_INTERESTS = "legitimate-interests"


class Need(StrEnum):
    """What must be on record before a use or a disclosure."""

    CASE = "case"
    AGREEMENT = "agreement"
    INSTRUCTION = "instruction"
    CUSTOMER_REQUEST = "customer-request"
    NOTICE = "notice"
    CONSENT = "consent"
    PREFERENCE = "preference"
    GROUND = "ground"
    JUSTIFICATION = "justification"
    APPROVAL = "approval"
    TWO_APPROVALS = "two-approvals"
    DOCUMENT = "document"
    STATUTE = "statute"
    SCOPE = "scope"
    FORM_CHECK = "form-check"
    LATER_REVIEW = "later-review"
    POLICY_ATTACHED = "policy-attached"


DISCLOSURE_NEEDS: Final = frozenset(
    {
        Need.GROUND,
        Need.JUSTIFICATION,
        Need.APPROVAL,
        Need.TWO_APPROVALS,
        Need.DOCUMENT,
        Need.STATUTE,
        Need.SCOPE,
        Need.FORM_CHECK,
        Need.LATER_REVIEW,
        Need.POLICY_ATTACHED,
    }
)
"""Needs that only a disclosure can have."""


class RequestKind(StrEnum):
    """What a person may ask (Art. 15 to 22, and what the policies promise beyond)."""

    CONFIRMATION = "confirmation"
    INFORMATION = "information"
    ACCESS = "access"
    PORTABILITY = "portability"
    RECTIFICATION = "rectification"
    ERASURE = "erasure"
    RESTRICTION = "restriction"
    OBJECTION = "objection"
    CLOSURE = "closure"
    INSTRUCTION = "instruction"
    KNOW = "know"
    WITHDRAWAL = "withdrawal"
    MARKETING_OBJECTION = "marketing-objection"
    DECISION_REVIEW = "decision-review"
    SALE_OPT_OUT = "sale-opt-out"
    MARKETING_DISCLOSURES = "marketing-disclosures"
    DO_NOT_CALL = "do-not-call"
    COMPLAINT = "complaint"
    QUESTION = "question"
    CHILD_REPORT = "child-report"
    LEAKED_CREDENTIAL = "leaked-credential"


class Check(StrEnum):
    """Technical measures a program can check."""

    ENCRYPTED_AT_REST = "encrypted-at-rest"
    ENCRYPTED_IN_TRANSIT = "encrypted-in-transit"
    VAULTED = "vaulted"
    REGISTERED_STORE = "registered-store"
    ACCESS_LIST = "access-list"
    BACKUP_RESTORED = "backup-restored"
    ANONYMITY = "anonymity"
    SENSITIVE_VALUES = "sensitive-values"
    SECRET_SCAN = "secret-scan"  # noqa: S105 - a word of the policy
    RESET_PAGE = "reset-page"
    REGISTER_COMPLETE = "register-complete"
    INCIDENT_REGISTER = "incident-register"


class CookieClass(StrEnum):
    """Classes of what is stored on a device."""

    ESSENTIAL = "essential"
    PREFERENCE = "preference"
    ANALYTICS = "analytics"
    ADVERTISING = "advertising"
    EMBEDDED = "embedded"


class Defect(StrEnum):
    """Why a sentence cannot be run as written."""

    CONTRADICTION = "contradiction"
    CIRCULAR = "circular"
    WRONG_ROLE = "wrong-role"


class Edge(StrEnum):
    """How a row belongs to its parent."""

    OWN = "own"
    SHARE = "share"
    MENTION = "mention"
    DERIVE = "derive"


class Fate(StrEnum):
    """What becomes of a personal column when its row's kind is due."""

    DELETE = "delete"
    EMPTY = "empty"
    ANONYMISE = "anonymise"
    KEEP = "keep"


class Verdict(StrEnum):
    """What the board says of a sentence."""

    KEPT = "kept"
    BROKEN = "broken"
    UNPROVEN = "unproven"
    VOUCHED = "vouched"
    UNCOVERED = "uncovered"
    NOTED = "noted"


UNDECIDED: Final = "undecided"
"""The word for a value the published text does not give."""
