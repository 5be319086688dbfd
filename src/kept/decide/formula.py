"""From classes back to a predicate: which combinations of flags lead to one outcome, as few literals as possible."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from kept.decide.select import All, Down, Not, Selection, Some, Up, every, some

Implicant = tuple[int, int]
"""(bits that are fixed, their values)."""


def cover(classes: Iterable[int], flags: int) -> tuple[Implicant, ...]:
    """A small sum of products over `flags` bits that is true for exactly these classes (Quine-McCluskey)."""
    wanted = frozenset(classes)
    primes = _primes({((1 << flags) - 1, number) for number in wanted})
    chosen: list[Implicant] = []
    left = set(wanted)
    for prime in sorted(primes, key=lambda p: (p[0].bit_count(), p)):
        gained = {number for number in left if number & prime[0] == prime[1]}
        if gained:
            chosen.append(prime)
            left -= gained
    return tuple(chosen)


def predicate(classes: Iterable[int], flags: tuple[Selection, ...], within: Selection | None = None) -> Selection:
    """The cover as a selection over the flags' own selections, of rows that lie `within`.

    What every term says stands first and once, so that an index can serve it; what needs other tables stands last.
    `within` is left out where every term says it already.
    """
    terms = [_literals(term, flags) for term in cover(classes, len(flags))]
    common = [literal for literal in terms[0] if all(literal in term for term in terms)] if terms else []
    rests = [every(*(literal for literal in term if literal not in common)) for term in terms]
    chosen = every(*common, some(*sorted(rests, key=dear)))
    scoped = within is None or all(_says(term, within) for term in terms)
    return chosen if scoped or within is None else every(within, chosen)


def _literals(term: Implicant, flags: tuple[Selection, ...]) -> list[Selection]:
    fixed, values = term
    found = [flag if values >> bit & 1 else Not(part=flag) for bit, flag in enumerate(flags) if fixed >> bit & 1]
    return sorted(found, key=dear)


def _says(term: list[Selection], within: Selection) -> bool:
    """Whether the literals of a term lie within a selection on their face."""
    parts = within.parts if isinstance(within, Some) else (within,)
    return any(part in term for part in parts)


def dear(selection: Selection) -> int:
    """What a row costs: 0 read from the row itself, 1 by its parents, 2 by its children."""
    match selection:
        case Up(where=where):
            return max(1, dear(where))
        case Down():
            return 2
        case Not(part=part):
            return dear(part)
        case All(parts=parts) | Some(parts=parts):
            return max((dear(part) for part in parts), default=0)
        case _:
            return 0


def _primes(terms: set[Implicant]) -> set[Implicant]:
    primes: set[Implicant] = set()
    while terms:
        merges = list(_merges(terms))
        primes |= terms - {term for term, _ in merges}
        terms = {merged for _, merged in merges}
    return primes


def _merges(terms: set[Implicant]) -> Iterator[tuple[Implicant, Implicant]]:
    """Every term that differs from another in one bit, and what both become without it."""
    for fixed, values in terms:
        for bit in (1 << n for n in range(fixed.bit_length()) if fixed >> n & 1):
            if (fixed, values ^ bit) in terms:
                yield (fixed, values), (fixed ^ bit, values & ~bit)
