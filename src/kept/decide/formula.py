"""From classes back to a predicate: which combinations of flags lead to one outcome, as few literals as possible."""

from __future__ import annotations

from collections.abc import Iterable

from kept.decide.select import Not, Selection, every, some

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


def predicate(classes: Iterable[int], flags: tuple[Selection, ...]) -> Selection:
    """The cover as a selection over the flags' own selections."""
    return some(*(every(*_literals(term, flags)) for term in cover(classes, len(flags))))


def _literals(term: Implicant, flags: tuple[Selection, ...]) -> list[Selection]:
    fixed, values = term
    return [flag if values >> bit & 1 else Not(part=flag) for bit, flag in enumerate(flags) if fixed >> bit & 1]


def _primes(terms: set[Implicant]) -> set[Implicant]:
    primes: set[Implicant] = set()
    while terms:
        merged: set[Implicant] = set()
        used: set[Implicant] = set()
        for fixed, values in terms:
            for bit in (1 << n for n in range(fixed.bit_length()) if fixed >> n & 1):
                if (fixed, values ^ bit) in terms:
                    merged.add((fixed ^ bit, values & ~bit))
                    used.update({(fixed, values), (fixed, values ^ bit)})
        primes |= terms - used
        terms = merged
    return primes
