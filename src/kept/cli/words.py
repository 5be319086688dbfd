"""Words for plans on a terminal, in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from kept.decide.outcome import GRANTED
from kept.decide.plan import Cost, Reason
from kept.texts import Lang, known
from kept.texts import say as text
from kept.texts.forms import day

_DONE = "done"


def outcome_of(action: str, lang: Lang) -> str:
    """What becomes of the rows of a class."""
    key = f"plan.outcome.{action}"
    return text(key, lang) if known(key) else action


def cost_of(cost: Cost, lang: Lang) -> str:
    """The cost shape of a step: how many deletions a row of it weighs."""
    if cost.shape == "delete":
        return "1×"
    indexes = f" ({text('plan.indexes', lang, n=cost.indexes)})" if cost.indexes else ""
    return f"{cost.relative:.0f}×{indexes}"


def reason_of(reasons: Iterable[Reason], until: str | None, lang: Lang) -> str:
    """Why, kind by kind: the rule, and for what is kept the ground, the law and the last day."""
    return "; ".join((*_reasons(reasons, lang), *_until(until, lang)))


def kept_because(reasons: Iterable[Reason], until: str | None, lang: Lang) -> str:
    """Why rows stay."""
    return "; ".join((*(_stays(reason, lang) for reason in reasons), *_until(until, lang)))


def _until(until: str | None, lang: Lang) -> list[str]:
    return [text("people.until", lang, day=day(date.fromisoformat(until), lang))] if until else []


def _reasons(reasons: Iterable[Reason], lang: Lang) -> Iterator[str]:
    for reason in reasons:
        if reason.outcome == "keep":
            yield _stays(reason, lang)
        else:
            rules = ", ".join(_rule(name, lang) for name in reason.because)
            yield text("plan.by", lang, kind=reason.kind, rule=rules)


def _stays(reason: Reason, lang: Lang) -> str:
    if not reason.withheld:
        return text("people.done" if _DONE in reason.because else "people.not-due", lang, kind=reason.kind)
    grounds = ", ".join(text(f"ground.{ground}", lang) for ground in reason.grounds or ("none",))
    law = f", {reason.law}" if reason.law else ""
    return text("people.withheld", lang, kind=reason.kind, rule=", ".join(reason.because), ground=grounds + law)


def _rule(name: str, lang: Lang) -> str:
    return text("plan.granted", lang) if name == GRANTED else text("plan.rule", lang, rule=name)
