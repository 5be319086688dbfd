"""The board as one reader sees it: in one language and one time zone, every figure written out.

Page and terminal are drawn from this view, so they cannot disagree. Hidden and reordering characters of any
text that came from outside are made visible here, once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

from kept.law.terms import Verdict
from kept.prove.judge import COUNTED, STALE, WORST_FIRST, proofs_of, tally, worst
from kept.prove.verdict import Board, Count, Evidence, Proof, Sentence
from kept.texts import Lang, TextMissingError, known, say
from kept.texts.forms import ago, day, moment, number, visible

GLYPHS = {
    Verdict.KEPT: "●",
    Verdict.BROKEN: "▲",
    Verdict.UNPROVEN: "◇",
    Verdict.VOUCHED: "■",
    Verdict.UNCOVERED: "○",
    Verdict.NOTED: "·",
}
"""A shape for each verdict, the same on page and terminal; colour only repeats it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceView:
    """One line of the table of counts."""

    place: str
    violations: str
    total: str
    since: str
    bad: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceView:
    """What one control saw."""

    verdict: Verdict
    control: str
    reason: str
    query: str
    positive: str
    at: str
    entry: int | None
    places: tuple[PlaceView, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofView:
    """One promise with everything that stands behind its verdict."""

    id: str
    kind: str
    verdict: Verdict
    obligation: str
    bound: tuple[str, ...]
    rule: str
    line: int | None
    set_by: str
    figure: str
    """The short line of margin and terminal."""
    since: str
    """Since when it is broken, as far as the counts know."""
    reason: str
    """Key of the deciding reason; groups the terminal's list."""
    why: str
    """The deciding reason, said in full."""
    section: str
    """Section of the policy file it is bound in."""
    at: datetime | None
    ago: str
    evidence: tuple[EvidenceView, ...]
    number: int | None
    """Its number in the printed appendix; None when it needs none or is printed already."""
    reference: int | None
    """The appendix number the sentence points to."""

    @property
    def brief(self) -> bool:
        """Whether nothing was looked at, so that on paper the reason says it all."""
        return self.verdict is Verdict.UNPROVEN and not any(e.places or e.query for e in self.evidence)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceView:
    """A sentence of the text, or of the list of what has no sentence."""

    index: int
    text: str
    verdict: Verdict | None
    proofs: tuple[ProofView, ...]

    @property
    def verdicts(self) -> str:
        """Every verdict among its promises, for the filter."""
        return " ".join(dict.fromkeys(p.verdict.value for p in self.proofs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A heading (level 2 to 4), a paragraph (0), or a list (its items are blocks of their own)."""

    heading: int = 0
    sentences: tuple[SentenceView, ...] = ()
    items: tuple[Block, ...] = ()


@dataclass(frozen=True, kw_only=True)
class BoardView:
    """The whole board, ready to be set."""

    lang: Lang
    title: str
    controller: str
    version: str
    address: str
    as_of: str
    at: datetime
    counts: Mapping[Verdict, int]
    total: int
    blocks: tuple[Block, ...]
    unplaced: tuple[SentenceView, ...]
    proofs: tuple[ProofView, ...]
    digest: str
    head: str
    findings: tuple[str, ...]


def view_of(board: Board, lang: Lang) -> BoardView:
    """The board in a language."""
    proofs = proofs_of(board)
    counts = tally(proofs.values())
    reader = _Reader(board, lang)
    blocks = tuple(_blocks(board, proofs, reader))
    unplaced = tuple(_unplaced(board, proofs, reader))
    return BoardView(
        lang=lang,
        title=visible(board.sentences[0].text if _titled(board) else board.title),
        controller=visible(board.controller),
        version=_version(board.version, lang),
        address=visible(board.address),
        as_of=say("board.as-of", lang, moment=moment(board.at, board.timezone, lang)),
        at=board.at,
        counts=counts,
        total=sum(counts[verdict] for verdict in COUNTED),
        blocks=blocks,
        unplaced=unplaced,
        proofs=tuple(reader.seen.values()),
        digest=visible(board.policy_digest),
        head=visible(board.head),
        findings=tuple(visible(finding) for finding in board.findings),
    )


def _version(version: str, lang: Lang) -> str:
    try:
        named = day(date.fromisoformat(version), lang)
    except ValueError:
        return say("board.version-named", lang, version=visible(version)) if version else ""
    return say("board.version", lang, version=named)


class _Reader:
    """Writes proofs for one language and zone, and numbers those the printed appendix holds as they appear."""

    def __init__(self, board: Board, lang: Lang) -> None:
        self.lang: Lang = lang
        self.zone = board.timezone
        self.now = board.at
        self.seen: dict[str, ProofView] = {}
        self._numbered = 0

    def sentence(self, index: int, text: str, proofs: Iterable[Proof]) -> SentenceView:
        """A sentence and its promises, worst first."""
        ordered = sorted(proofs, key=lambda p: WORST_FIRST.index(p.verdict))
        views = tuple(self.proof(p) for p in ordered)
        return SentenceView(index=index, text=visible(text), verdict=worst(p.verdict for p in ordered), proofs=views)

    def proof(self, proof: Proof) -> ProofView:
        """One promise; a promise met again keeps its appendix number and is not printed twice."""
        before = self.seen.get(proof.promise.id)
        number = self._next(proof) if before is None else None
        lead = _lead(proof)
        at = lead.at if lead else None
        view = ProofView(
            id=visible(proof.promise.id),
            kind=visible(proof.promise.kind),
            verdict=proof.verdict,
            obligation=visible(proof.promise.obligation) or say("proof.unknown", self.lang),
            bound=tuple(visible(b) for b in proof.bound),
            rule=visible(proof.rule),
            line=proof.line,
            set_by=say("proof.set-by", self.lang, role=visible(proof.set_by)) if proof.set_by else "",
            figure=self.figure(proof, lead),
            since=self.since(proof),
            reason=lead.reason if lead else "",
            why=self.told(lead) if lead else "",
            section=proof.bound[0].partition(".")[0] if proof.bound else "",
            at=at,
            ago=ago(self.now - at, self.lang) if at and _tells_age(proof.verdict, lead) else "",
            evidence=tuple(self.evidence(e) for e in proof.evidence),
            number=number,
            reference=number if before is None else before.reference,
        )
        self.seen.setdefault(proof.promise.id, view)
        return view

    def _next(self, proof: Proof) -> int | None:
        if proof.verdict not in {Verdict.BROKEN, Verdict.UNPROVEN}:
            return None
        self._numbered += 1
        return self._numbered

    def figure(self, proof: Proof, lead: Evidence | None) -> str:
        """The figure where something was counted, else the reason in short."""
        if lead is None:
            return ""
        counts = [c for e in proof.evidence if e.control == lead.control for c in e.counts]
        if not counts or proof.verdict not in {Verdict.KEPT, Verdict.BROKEN}:
            return self.short(lead)
        return self.counted(lead.control, counts)

    def counted(self, control: str, counts: Sequence[Count]) -> str:
        """Violations of all that was looked at; a control may say in its own way that there are none."""
        violations, total = sum(c.violations for c in counts), sum(c.total for c in counts)
        keys = ([] if violations else [f"figure.{control}.kept"]) + [f"figure.{control}", "figure.any"]
        return say(next(filter(known, keys)), self.lang, violations=violations, n=total)

    def told(self, evidence: Evidence) -> str:
        """The reason; where several places are at fault, what they come to together, for a reason names only one."""
        bad = sum(1 for count in evidence.counts if count.violations)
        if evidence.verdict is not Verdict.BROKEN or bad <= 1:
            return self.reason(evidence)
        return say("board.places", self.lang, figure=self.counted(evidence.control, evidence.counts), n=bad)

    def since(self, proof: Proof) -> str:
        """The day of the oldest violation among everything counted."""
        told = [(c.since, e.control) for e in proof.evidence for c in e.counts if c.since and c.violations]
        oldest = min(told, default=None) if proof.verdict is Verdict.BROKEN else None
        return self.stands(*oldest) if oldest else ""

    def stands(self, since: datetime, control: str) -> str:
        """Since when: what a control dates from the data itself has its own words, the rest is known from proofs."""
        key = f"since.{control}"
        return say(key if known(key) else "board.since", self.lang, since=self.day(since))

    def short(self, evidence: Evidence) -> str:
        """The reason without its facts, where one is written; the whole reason otherwise."""
        key = f"{evidence.reason}.short"
        return say(key, self.lang) if known(key) else self.reason(evidence)

    def reason(self, evidence: Evidence) -> str:
        """Why; a text nobody wrote must not hide a verdict, so its key and facts stand in for it."""
        facts = {name: int(v) if v.isdecimal() else visible(v) for name, v in evidence.facts}
        try:
            return say(evidence.reason, self.lang, **{"zone": self.zone, **facts})
        except (TextMissingError, ValueError):
            return visible(" ".join([evidence.reason, *(f"{name}={value}" for name, value in facts.items())])).strip()

    def evidence(self, evidence: Evidence) -> EvidenceView:
        """Everything one control saw."""
        key = f"control.{evidence.control}"
        return EvidenceView(
            verdict=evidence.verdict,
            control=say(key, self.lang) if known(key) else visible(evidence.control),
            reason=self.told(evidence),
            query=visible(evidence.query).replace("; ", "\n"),
            positive=self.positive(evidence.positive),
            at=moment(evidence.at, self.zone, self.lang) if evidence.at else "",
            entry=evidence.entry,
            places=tuple(self.place(c, evidence.control) for c in evidence.counts),
        )

    def positive(self, positive: str) -> str:
        """`canary shop.account; estimate crm` in words; what has no words stands as it is."""
        said = []
        for one in filter(None, positive.split("; ")):
            word, _, place = visible(one).partition(" ")
            key = f"positive.{word}"
            said.append(say(key, self.lang, place=place) if place and known(key) else visible(one))
        return "; ".join(said)

    def place(self, count: Count, control: str) -> PlaceView:
        """One count."""
        return PlaceView(
            place=visible(count.place),
            violations=number(count.violations, self.lang),
            total=number(count.total, self.lang),
            since=self.stands(count.since, control) if count.since and count.violations else "",
            bad=count.violations > 0,
        )

    def day(self, instant: datetime) -> str:
        """A day in the controller's zone."""
        return say("board.day", self.lang, day=instant, zone=self.zone)


def _tells_age(verdict: Verdict, lead: Evidence | None) -> bool:
    """Whether an age says anything: of what was seen, or of evidence whose very age is the trouble."""
    return verdict is not Verdict.UNPROVEN or (lead is not None and lead.reason == STALE)


def _lead(proof: Proof) -> Evidence | None:
    """The evidence that decided: the first with the proof's verdict."""
    return next((e for e in proof.evidence if e.verdict is proof.verdict), next(iter(proof.evidence), None))


def _blocks(board: Board, proofs: Mapping[str, Proof], reader: _Reader) -> Iterator[Block]:
    """Headings, paragraphs and lists in the order of the text; the title, already said, is left out."""
    sentences = list(enumerate(board.sentences))[1 if _titled(board) else 0 :]
    highest = min((s.heading for _, s in sentences if s.heading), default=1)
    items: list[Block] = []
    for (heading, _, item, _), group in groupby(sentences, key=_place_in_text):
        said = tuple(reader.sentence(i, s.text, [proofs[p] for p in s.promises]) for i, s in group)
        block = Block(heading=heading and heading - highest + 2, sentences=said)
        if item:
            items.append(block)
            continue
        yield from _list(items)
        items = []
        yield block
    yield from _list(items)


def _list(items: list[Block]) -> Iterator[Block]:
    if items:
        yield Block(items=tuple(items))


def _titled(board: Board) -> bool:
    """Whether the text begins with its own title: its only heading of level 1, carrying no promise."""
    tops = [index for index, s in enumerate(board.sentences) if s.heading == 1]
    return tops == [0] and not board.sentences[0].promises


def _place_in_text(numbered: tuple[int, Sentence]) -> tuple[int, int, bool, int]:
    """What sentences of one block share; a heading is always a block of its own."""
    index, sentence = numbered
    return sentence.heading, sentence.paragraph, sentence.item, index if sentence.heading else -1


def _unplaced(board: Board, proofs: Mapping[str, Proof], reader: _Reader) -> Iterator[SentenceView]:
    """Promises that no sentence carries, each as a sentence of its own."""
    placed = {name for sentence in board.sentences for name in sentence.promises}
    rest = (proof for name, proof in proofs.items() if name not in placed)
    for index, proof in enumerate(rest, start=len(board.sentences)):
        yield reader.sentence(index, proof.promise.obligation or proof.promise.id, [proof])
