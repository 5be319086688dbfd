"""Every finding code of the policy file: one table that `kept explain`, the reference and the findings share.

P = the file, R = rights, T = retention, C = collection and consent, S = systems.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from kept.policy.findings import Finding, Severity, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What a code means, why it matters (the article), and what to do."""

    code: str
    title: str
    page: str
    why: str = ""
    help: str = ""
    severity: Severity = Severity.ERROR


def _error(code: str, title: str, page: str, help: str = "", why: str = "") -> Code:  # noqa: A002 - the field's name
    return Code(code=code, title=title, page=page, why=why, help=help)


def _warning(code: str, title: str, page: str, help: str = "", why: str = "") -> Code:  # noqa: A002
    return Code(code=code, title=title, page=page, why=why, help=help, severity=Severity.WARNING)


_TABLE: Final = (
    _error("P001", "the file cannot be read",
        "Kept could not open the file: it is missing, is a directory, or this account may not read it.",
        help="check the path, or name the file with `--policy FILE`"),
    _error("P002", "the file is larger than 1 MB",
        "A policy of five hundred promises has 12,000 bytes. A file of more than one megabyte is not a policy, and "
        "is refused before it is read.",
        help="name the policy file, not a dump or an export"),
    _error("P003", "the file is not UTF-8",
        "The bytes at this place are not UTF-8 text. Editors on older systems save Latin-1 or UTF-16.",
        help="save the file as UTF-8"),
    _error("P004", "a control character",
        "The file holds a character that no editor shows, such as NUL. What cannot be seen cannot be reviewed.",
        help="delete the character; type the line again if you cannot see it"),
    _error("P005", "a character that turns the writing direction",
        "Such a character makes a line look different from what it says, so a reviewer would approve something "
        "else.",
        help="delete the character; right-to-left words need none in this file"),
    _error("P006", "the file is not YAML",
        "The text breaks the rules of YAML 1.2. Reading stops at the first such place, so more may follow.",
        help="look at the brackets, quotes, colons and indentation at this place"),
    _error("P007", "YAML beyond maps, lists and words",
        "Anchors, aliases, tags, directives and second documents make a file mean something else than it shows. A "
        "policy says everything where it stands.",
        help="write the value out where it belongs"),
    _error("P008", "nested too deep",
        "The grammar needs ten levels. Deeper files are refused so that none can exhaust the reader.",
        help="look for a bracket that is not closed"),
    _error("P009", "a key that stands twice",
        "YAML readers disagree about which of the two holds. Kept uses neither silently.",
        help="keep one of the two, or merge them"),
    _error("P010", "a map, a list or a word in the wrong place",
        "Each key takes one shape: a word, a list in brackets, or a map. The reference shows which.",
        help="see `kept schema` or the reference for the shape of this key"),
    _error("P011", "an unknown section or key",
        "Unknown keys are errors, for a misspelt key would be a promise that nothing carries out."),
    _error("P012", "a missing section or key",
        "Something the planner cannot do without is not there."),
    _error("P013", "a key without a value",
        "Nothing follows the colon. Where the text gives no value the file says `undecided`, so that the gap is "
        "seen.",
        help="write a value, or `undecided` where the text gives none"),
    _error("P014", "an unknown version of the grammar",
        "Every policy file begins with `kept: 1`, the version of the grammar it is written in.",
        help="write `kept: 1` as the first line"),
    _error("P015", "`undecided` where a decision is needed",
        "`undecided` stands only for what a published text may leave open. This key is a choice of whoever writes "
        "the file.",
        help="write a value"),
    _error("P101", "a name that is declared nowhere",
        "The file refers to an element of another section, and there is none of that name."),
    _error("P102", "an unknown word",
        "This key takes a word of a closed list, so that every reader and every program understands the same by "
        "it."),
    _error("P103", "a period that cannot be read",
        "Periods are words: a whole number and hours, days, months or years, or `at once`.",
        help="write for example `60 days`, `7 years` or `at once`"),
    _error("P104", "a date that cannot be read",
        "Dates are written year, month, day.",
        help="write for example `2020-05-01`"),
    _error("P105", "a number, a share or a yes-or-no that cannot be read",
        "Numbers are digits, shares are per cent, and a yes or no is `true` or `false`."),
    _error("P106", "not a name",
        "Names are nouns in kebab-case: letters and digits in lower case, joined by hyphens. Promise ids have no "
        "blanks, commas or braces.",
        help="write for example `support-ticket`"),
    _error("P107", "an unknown country, time zone or language",
        "Countries are ISO 3166 codes, zones are IANA names, languages are BCP 47 tags.",
        help="write for example `DE`, `Europe/Berlin`, `de`"),
    _warning("P108", "an item listed twice",
        "The second mention changes nothing; it may stand for another word that is missing.",
        help="delete it, or write the word that was meant"),
    _error("P120", "a promise that the register does not hold",
        "The id is not in the file `text.promises`. A misspelt id would leave its sentence uncovered.",
        help="correct the id, or add the promise to the register"),
    _error("P121", "a promise cited twice",
        "A sentence is proven at one place. Cited twice, it could be kept here and broken there.",
        help="cite it where the sentence is decided, and only there"),
    _error("P122", "a key that cannot be cited",
        "`says` binds promises to keys of this element, and it has no such key."),
    _error("P123", "a promise bound to a key that is missing",
        "Nothing stands at the key, so nothing could ever prove the promise.",
        help="add the key, with `undecided` if the text gives no value"),
    _warning("P124", "promises without a register",
        "Promises are cited, and `text.promises` names no file that lists them, so a misspelt id goes unseen.",
        help="write the register, a CSV file of id, kind and obligation, and name it as `text.promises`"),
    _warning("P125", "a value nobody has decided",
        "The text gives no number, name or event here. Nothing is invented: until a person decides, the promises "
        "bound to it are unproven and nothing is deleted by this rule.",
        help="decide it, and write `set-by: ROLE` beside it"),
    _error("P126", "a fault in the register of promises",
        "`text.promises` is a CSV file with the columns id, kind and obligation, one promise a row.",
        help="correct the row"),
    _error("P127", "a promise that the register holds twice",
        "Two rows bear the same id, so nobody knows which obligation it names.",
        help="give one of them another id"),
    _warning("P128", "the prose cannot be read",
        "The board is the published text itself. Without `text.file` it lists the promises alone.",
        help="write the text with the ids in braces after each sentence, and name it as `text.file`"),
    _warning("P129", "a promise in no sentence",
        "The prose names the promises of each sentence in braces. This promise is named by none, so the board "
        "shows it after the text.",
        help="add its id to the sentence it comes from"),
    _error("R201", "a legal obligation without its law",
        "A floor that rests on a legal obligation must name the statute: the person who is refused is told it.",
        help='add `law: "§ 147 AO"`, or `law: undecided`',
        why="Art. 17(3)(b), 12(4) GDPR: whoever is refused is told the reason"),
    _error("R202", "an overriding interest without its balancing test",
        "A floor that rests on an overriding interest needs the test that shows it overrides.",
        help="add `interest: FILE.md`, or `interest: undecided`",
        why="Art. 17(1)(c), 21(1) GDPR: the controller demonstrates the compelling grounds"),
    _error("R203", "`while needed` without a review",
        "`needed` has no end of its own; only a review keeps it honest.",
        help="add `review: 6 months`", why="Art. 5(1)(e) GDPR: no longer than is necessary"),
    _error("R204", "a ground on a ceiling",
        "A ground says why something stays in spite of a granted erasure. A rule that says when it must go has "
        "none.",
        help="make it a floor (`at least`, `while`), or delete `ground`",
        why="Art. 17(3) GDPR: grounds are exceptions from erasure"),
    _warning("R205", "nobody to route to",
        "`for`, `refer-to` and `tell` name a kind of people, or the controllers that a system lists under "
        "`controllers`. This name is neither, so such a request cannot be handed on.",
        help="declare the kind of people, or `controllers` in the system that lists them",
        why="Art. 28(3)(e) GDPR: a processor assists the controller it processes for"),
    _warning("R206", "a processor without a controller",
        "Where our role is processor, the file says for whom.",
        help="add `for:` with the controller",
        why="Art. 28(3) GDPR: a processor acts on the controller's instructions"),
    _error("R207", "a request of no known kind",
        "An entry is named after a right, or says with `kind` which right it is.",
        help="add `kind: erasure` (or another right)",
        why="Art. 12(2) GDPR: the controller facilitates the exercise of rights"),
    _warning("R208", "an objection to a purpose that knows none",
        "A person may object to what rests on a legitimate interest or a public task; consent is withdrawn "
        "instead, and a contract is ended.",
        help="name purposes that rest on a legitimate interest or a public task", why="Art. 21(1) GDPR"),
    _error("T301", "`while` with `then`",
        "A state has no date at which something could happen. When it ends, what a ceiling or a granted erasure "
        "had condemned goes at once, and nothing else.",
        help="delete `then`, or count the period from an event"),
    _error("T302", "a period without an event",
        "A date needs an event it is counted from.",
        help="add `from:` with an event, or `from: undecided`", why="Art. 5(1)(e) GDPR: storage limitation"),
    _error("T303", "a ceiling without an outcome",
        "When the period is over something must happen.",
        help="add `then: delete` (or anonymise, pseudonymise, restrict)", why="Art. 5(1)(e) GDPR: storage limitation"),
    _error("T304", "two ceilings on one kind from one event",
        "The file promises two dates for the same data. Kept would obey the earlier; the text should name one.",
        help="keep one of the two rules for this kind", why="Art. 5(1)(e) GDPR: storage limitation"),
    _warning("T305", "a floor that outlasts a ceiling",
        "One rule says it must be gone, another says it stays longer, and no ground is given. The data would stay, "
        "and the promise be broken.",
        help="give the floor its `ground`, or shorten it", why="Art. 5(1)(e) GDPR: a longer storage needs a ground"),
    _error("T306", "a rule that names no kind of data",
        "A rule without `data` holds for the kind of its own name, and there is none.",
        help="add `data: [KIND]`, or rename the rule"),
    _warning("T307", "a kind that is never due",
        "No rule says when this kind must be gone.",
        help="add a rule, or a rule named `other`",
        why="Art. 5(1)(e), 13(2)(a) GDPR: a period, or the criteria for it"),
    _warning("T308", "an event that no table maps",
        "The rule counts from an event that no column holds. Nothing is deleted by it, and its promises are "
        "unproven.",
        help="map it: `on: {EVENT: COLUMN}` on the table or on one it belongs to"),
    _warning("T309", "a kind that no table holds",
        "The file speaks of data it does not find anywhere; the promises on it are unproven.",
        help="name it as the `kind` of a table, or of a column"),
    _error("C401", "data without a purpose",
        "`fields: declared` says that there is no kind of data without a purpose, and this kind has none.",
        help="name it in the `data` of a purpose, or stop collecting it",
        why="Art. 5(1)(b) GDPR: collected for specified purposes"),
    _warning("C402", "consent that nobody can give",
        "A purpose rests on consent, and the file does not say what counts as a yes.",
        help="add `consent: {given-by: [tick]}`",
        why="Art. 4(11), 7(1) GDPR: consent is a clear affirmative act, and is proven"),
    _error("C403", "a use that `only-for` forbids",
        "The kind of data may be named by certain purposes alone, and this is another one.",
        help="take the data out of the purpose, or the purpose into `only-for`",
        why="Art. 5(1)(b) GDPR: purpose limitation"),
    _warning("C404", "a field that is not declared",
        "The key speaks of a field that `fields` does not list.",
        help="add the field to `fields`, or correct its name"),
    _warning("C405", "a message nobody can stop",
        "A purpose with a channel says how a person stops it; `none` is for service messages.",
        help="add `opt-out: [link]`, or `opt-out: none`",
        why="Art. 21(2) GDPR: the right to object to direct marketing"),
    _error("S101", "a table that is not mapped",
        "A link leads to a table that this system does not list."),
    _error("S102", "half a link",
        "`of` names the table and `via` the columns; neither says anything alone.",
        help="write both: `of: PARENT, via: COLUMN`"),
    _error("S103", "a reserved word",
        "The word is kept for a later version of the grammar and means nothing yet.",
        help="delete the line"),
    _error("S104", "a personal column kept without a reason",
        "`fate: keep` leaves a personal value behind when its row is due. That needs a reason a person can be "
        "told.",
        help="add `reason: …`", why="Art. 5(1)(c), 5(1)(e) GDPR: data minimisation, storage limitation"),
    _warning("S105", "rows of people the kind does not know",
        "The table's rows are one kind of people, its data is declared for others.",
        help="add the people to the kind, or give the table another kind",
        why="Art. 30(1)(c) GDPR: categories of data subjects"),
    _error("S106", "a fate that destroys a key or a clock",
        "The column names the row, or says when its period began. Emptied, the row could never be found or never "
        "be due again.",
        help="delete the fate; the column goes with its row"),
    _error("S107", "a table that the system does not list",
        "`canary` and `controllers` name a table that is neither mapped nor reviewed as holding nothing personal."),
    _error("S108", "identifiers on rows that are no person",
        "`find-by` finds a person, so it stands only on rows that are one.",
        help="add `is: KIND-OF-PEOPLE`, or delete `find-by`"),
    _warning("S109", "people nobody can find",
        "Rows that are a person and have no identifier are never found when that person asks.",
        help="add `find-by: {email: COLUMN}`", why="Art. 12(2), 11(2) GDPR: identification"),
    _error("S110", "a secret in the file",
        "The address holds a password. A policy file is read by many people and kept in version control.",
        help="write `env:NAME`, and put the address into that variable", why="Art. 32 GDPR: security of processing"),
    _error("S111", "a table of no kind",
        "Neither the table nor one of its columns says which kind of data it holds.",
        help="add `kind: KIND`, or list it under `nothing-personal`"),
    _error("S112", "a table both mapped and set aside",
        "The table is listed with personal data and as holding nothing personal.",
        help="keep one of the two"),
)  # fmt: skip

CODES: Final = {code.code: code for code in _TABLE}
"""The pages by code."""


def finding(
    code: str,
    message: str,
    *spans: Span,
    help: str = "",  # noqa: A002 - the field's name
    where: str = "",
    fix: str = "",
) -> Finding:
    """A finding with the severity, the article and the next step of its code."""
    known = CODES[code]
    return Finding(
        code=code,
        message=message,
        severity=known.severity,
        spans=spans,
        where=where,
        why=known.why,
        help=help or known.help,
        fix=fix,
    )
