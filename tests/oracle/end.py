"""The oracle: how a case must end, cell for cell, by brute force over rows in memory.

Written from the documents alone. It shares no code with the product.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final

from tests.oracle import dates
from tests.oracle.world import Case, Link, Row, Rows, Rule, Table

Ref = tuple[str, int]
Event = tuple[datetime, date]

STRENGTH: Final = ("keep", "restrict", "pseudonymise", "anonymise", "delete")
BELONGS: Final = {"own", "derive"}
"""Edges along which a row has its owner, its clock, and its end."""


class Empty:
    """A NOT NULL cell that was emptied: any value that tells nothing of the old one."""

    def __repr__(self) -> str:
        return "<emptied>"


EMPTY: Final = Empty()


def end(case: Case) -> Rows:
    """Return the rows of every table after the trigger was carried out."""
    return End(case).tables()


class End:
    """One case, joined; its methods answer one question each."""

    def __init__(self, case: Case) -> None:
        self.case = case
        self.tables_by_name = {table.name: table for table in case.tables}
        self.refs = [(name, number) for name, rows in case.rows.items() for number in range(len(rows))]
        self.up: dict[Ref, list[tuple[Link, Ref]]] = {ref: [] for ref in self.refs}
        self.down: dict[Ref, list[tuple[Link, Ref]]] = {ref: [] for ref in self.refs}
        self._join()
        self.rules = {kind: [rule for rule in case.rules if kind in self._kinds(rule)] for kind in case.kinds}
        self.structure = {table.name: self._structural(table) for table in case.tables}

    def tables(self) -> Rows:
        """Decide, then carry out."""
        reached = self.erased()
        going = self._going(reached)
        return {
            table.name: [
                self._left(table, (table.name, number), reached, going)
                for number in range(len(self.case.rows[table.name]))
                if (table.name, number) not in going
            ]
            for table in self.case.tables
        }

    # What belongs to what.

    def row(self, ref: Ref) -> Row:
        return self.case.rows[ref[0]][ref[1]]

    def _join(self) -> None:
        for link in self.case.links:
            for child, cells in enumerate(self.case.rows[link.child]):
                names = tuple(cells[column] for column in link.via)
                if None in names or any(cells[column] != value for column, value in link.when):
                    continue
                for parent, there in enumerate(self.case.rows[link.parent]):
                    if tuple(there[column] for column in link.to) == names:
                        self.up[link.child, child].append((link, (link.parent, parent)))
                        self.down[link.parent, parent].append((link, (link.child, child)))

    def _structural(self, table: Table) -> set[str]:
        """Keys, links and clocks: they go with their row, for as long as it stays some rule needs them."""
        names = {*table.key, *table.on.values()}
        for link in self.case.links:
            if link.child == table.name:
                names |= {*link.via, *(column for column, _ in link.when)}
            if link.parent == table.name:
                names |= {*link.to}
        return names

    def _shared(self, table: Table) -> bool:
        return not table.person and all(link.child != table.name for link in self.case.links)

    # Who is reached by a granted erasure.

    def erased(self) -> set[Ref]:
        """Return the rows a granted erasure speaks of: the persons, what is theirs, and what they were the last of."""
        reached = self._reached(self._named())
        while more := self._last_of_shared(reached):
            reached |= self._reached(more)
        return reached

    def _named(self) -> set[Ref]:
        if self.case.erase is None:
            return set()
        wanted = self.case.erase.casefold()
        return {
            (table.name, number)
            for table in self.case.tables
            if table.person and table.find_by
            for number, cells in enumerate(self.case.rows[table.name])
            if cells[table.find_by] is not None and cells[table.find_by].casefold() == wanted
        }

    def _reached(self, start: set[Ref]) -> set[Ref]:
        reached, open_ = set(start), list(start)
        while open_:
            for link, child in self.down[open_.pop()]:
                if child not in reached and self._carries(link, child, reached):
                    reached.add(child)
                    open_.append(child)
        return reached

    def _carries(self, link: Link, child: Ref, reached: set[Ref]) -> bool:
        """Whether erasing the parent erases the child: what is owned or derived, and what is shared with the last."""
        if link.edge == "share":
            return all(parent in reached for other, parent in self.up[child] if other.edge == "share")
        return link.edge in BELONGS

    def _last_of_shared(self, reached: set[Ref]) -> set[Ref]:
        """Shared rows that go with the last of their persons: a person whom a floor keeps, even in part, stays."""
        return {
            ref
            for ref, persons in self.shared().items()
            if ref not in reached and all(person in reached and self.all_go(person, reached) for person in persons)
        }

    def shared(self) -> dict[Ref, set[Ref]]:
        """Return the shared rows that have persons, and whom."""
        rows = [ref for ref in self.refs if self._shared(self.tables_by_name[ref[0]])]
        persons = {ref: {below for below in self._below(ref) if self.tables_by_name[below[0]].person} for ref in rows}
        return {ref: found for ref, found in persons.items() if found}

    def _below(self, ref: Ref) -> set[Ref]:
        seen, open_ = {ref}, [ref]
        while open_:
            for link, child in self.down[open_.pop()]:
                if child not in seen and link.edge in BELONGS:
                    seen.add(child)
                    open_.append(child)
        return seen

    # What is due.

    def _kinds(self, rule: Rule) -> set[str]:
        if rule.data == ("all",):
            return set(self.case.kinds)
        if rule.data == ("other",):
            named = {kind for other in self.case.rules for kind in other.data}
            return set(self.case.kinds) - named
        return set(rule.data)

    def _events(self, ref: Ref, event: str, seen: frozenset[Ref] = frozenset()) -> list[Event | None]:
        """Return what the row's clocks say: its own, else the nearest one up each path."""
        column = self.tables_by_name[ref[0]].on.get(event)
        if column is not None:
            return [dates.instant(self.row(ref)[column], self.case.clock, self.case.zone)]
        found: list[Event | None] = []
        for link, parent in self.up[ref]:
            if link.edge in BELONGS and parent not in seen:
                found += self._events(parent, event, seen | {ref})
        return found

    def counted(self, ref: Ref, rule: Rule) -> list[Event | None]:
        """Return what the rule counts from: once per path that leads to a clock; None where it has not happened."""
        if rule.state == "account-open":
            return self._events(ref, "account-closed")
        if rule.event == "end-of-calendar-year":
            return [event and dates.year_end(event) for event in self._events(ref, "collected")]
        return self._events(ref, rule.event or "")

    def paths(self, table: str, rule: Rule, seen: frozenset[str] = frozenset()) -> int:
        """Return on how many paths of tables the rule's clock can be found."""
        event = {"end-of-calendar-year": "collected", None: "account-closed"}.get(rule.event, rule.event)
        if event in self.tables_by_name[table].on:
            return 1
        up = [link.parent for link in self.case.links if link.child == table and link.edge in BELONGS]
        return sum(self.paths(parent, rule, seen | {table}) for parent in up if parent not in seen)

    def _reaches(self, ref: Ref, rule: Rule) -> bool:
        """Whether the rule is a ceiling the row has come to."""
        if rule.then is None or rule.count is None:
            return False
        for event in self.counted(ref, rule):
            if event is None:
                continue
            if rule.mode == "least":
                if not self._bars(ref, rule) and event[0] <= self.case.now:
                    return True
            elif dates.passed(event, self.case.now, self.case.zone, rule.count, rule.unit):
                return True
        return False

    def _bars(self, ref: Ref, rule: Rule) -> bool:
        """Whether the rule is a floor under the row."""
        if rule.mode == "while":
            return rule.state == "account-open" and None in self.counted(ref, rule)
        if rule.mode != "least":
            return False
        events = self.counted(ref, rule)
        # A floor holds until it is known to be over: what is undecided, unmapped or has not begun destroys nothing.
        if rule.count is None or not events or None in events:
            return True
        return any(
            dates.lasts(event, self.case.now, self.case.zone, rule.count, rule.unit) for event in events if event
        )

    def _outcome(self, ref: Ref, kind: str, reached: set[Ref]) -> str:
        """Return the strongest outcome of the ceilings reached, under the floors."""
        if self.case.erase is not None and ref not in reached:
            return "keep"
        clocks = {rule.then or "keep" for rule in self.rules[kind] if self._reaches(ref, rule)}
        floors = [rule for rule in self.rules[kind] if self._bars(ref, rule)]
        if any(rule.grounds for rule in floors):
            return "restrict" if clocks or ref in reached else "keep"
        ceilings = (set() if floors else clocks) | ({"delete"} if ref in reached else set())
        return max(ceilings | {"keep"}, key=STRENGTH.index)

    # What goes and what is left.

    def _going(self, reached: set[Ref]) -> set[Ref]:
        """Rows whose every cell goes, unless a row that stays belongs to them."""
        going = {ref for ref in self.refs if self.all_go(ref, reached)}
        while kept := {ref for ref in going if self._needed(ref, going)}:
            going -= kept
        return going

    def all_go(self, ref: Ref, reached: set[Ref], *, keep: bool = True) -> bool:
        """Whether every cell goes; key, link and clock are cells of the table's kind."""
        table = self.tables_by_name[ref[0]]
        cells = [column for column in table.columns if column.name not in self.structure[table.name]]
        kinds = {table.kind, *(column.kind or table.kind for column in cells)}
        if keep and any(column.fate == "keep" for column in cells):
            return False
        return all(self._outcome(ref, kind, reached) == "delete" for kind in kinds)

    def _needed(self, ref: Ref, going: set[Ref]) -> bool:
        """Whether a row that stays points here and cannot let go."""
        return any(
            child not in going and (link.edge in BELONGS or not self._nullable(link)) for link, child in self.down[ref]
        )

    def _nullable(self, link: Link) -> bool:
        return any(self.tables_by_name[link.child].column(name).null for name in link.via)

    def _left(self, table: Table, ref: Ref, reached: set[Ref], going: set[Ref]) -> Row:
        left = dict(self.row(ref))
        for column in table.columns:
            if column.name in self.structure[table.name] or column.fate == "keep":
                continue
            if self._outcome(ref, column.kind or table.kind, reached) in {"anonymise", "delete"}:
                left[column.name] = _emptied(left[column.name], null=column.null)
        for link, parent in self.up[ref]:
            if parent in going or (link.edge == "share" and parent in reached):
                left.update({name: None for name in link.via if table.column(name).null})
        return left


def _emptied(value: Any, *, null: bool) -> Any:
    return None if null or value is None else EMPTY
