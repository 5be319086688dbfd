"""Cases by number: schemas, policies and histories with instants around the cut-offs. Same number, same case."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

from tests.oracle.dates import later
from tests.oracle.world import Case, Column, Link, Row, Rows, Rule, Table

FLOORS: Final = True
TWO_PARENTS: Final = True
SELF_LINKS: Final = False
COLUMN_KINDS: Final = True
DERIVED: Final = True
SHARED: Final = False
"""Edges share and mention: the product keeps them all, with a shell of the person."""
POLYMORPHIC: Final = True
UNDECLARED: Final = True
"""Links written under `links` of the parent."""
WIDE_RULES: Final = True
"""Rules for `all` and `other`, for events nobody reports, and with periods nobody decided."""
BY_CODE: Final = True
"""Links that name another unique column than the key: the product empties that column under the rows that name it."""
FATES: Final = True
SAME_ADDRESS: Final = True
"""One address on several rows, in several spellings."""

KINDS: Final = ("account", "support", "log", "invoice", "crm")
ZONES: Final = ("UTC", "Europe/Berlin", "America/Los_Angeles")
PERIODS: Final = (
    *((n, "days") for n in (1, 7, 30, 60, 365)),
    *((n, "months") for n in (1, 2, 3, 6, 13)),
    *((n, "years") for n in (1, 3, 7, 8)),
    *((n, "hours") for n in (24, 72)),
)
DAYS: Final = (
    date(2025, 2, 28), date(2028, 2, 28), date(2028, 2, 29), date(2025, 3, 1), date(2026, 3, 31), date(2026, 4, 30),
    date(2025, 3, 1), date(2026, 5, 1), date(2027, 3, 1), date(2026, 7, 1), date(2026, 1, 1), date(2026, 12, 31),
    date(2027, 10, 31), date(2028, 3, 26), date(2027, 7, 15),
)  # fmt: skip
"""Days on which the trigger falls: month ends, leap days, turns of the year, nights of the clock change."""


def case(number: int) -> Case:
    """Return the case of this number."""
    return _Draw(number).case()


class _Draw:
    def __init__(self, number: int) -> None:
        self.number = number
        self.rng = Random(number)  # noqa: S311
        self.zone = self.rng.choice(ZONES)
        self.clock = self.zone if self.chance(60) else self.rng.choice(ZONES)
        hour, minute = self.rng.choice([(0, 0), (12, 0), (23, 59), (self.rng.randrange(24), self.rng.randrange(60))])
        day = self.rng.choice(DAYS)
        local = datetime(day.year, day.month, day.day, hour, minute, tzinfo=ZoneInfo(self.zone))
        self.now = local.astimezone(UTC)
        self.today = day
        self.kinds = KINDS[: self.rng.choice([1, 2, 2, 3, 4])]
        self.tables: list[Table] = []
        self.links: list[Link] = []
        self.rules: list[Rule] = []

    def chance(self, percent: int) -> bool:
        return self.rng.randrange(100) < percent

    def case(self) -> Case:
        """Draw tables, then rules, then rows."""
        self._schema()
        while not self.rules:
            self._policy()
        rows = self._rows()
        persons = [row["email"] for table in self.tables if table.person for row in rows[table.name]]
        persons = [email for email in persons if email is not None]
        erase = self.rng.choice(persons) if persons and self.chance(50) else None
        erase = erase.upper() if erase and self.chance(10) else erase
        return Case(
            number=self.number, zone=self.zone, clock=self.clock, now=self.now, kinds=self.kinds,
            tables=tuple(self.tables), links=tuple(self.links), rules=tuple(self.rules), rows=rows, erase=erase,
        )  # fmt: skip

    # Tables and links.

    def _schema(self) -> None:
        small = [2, 2, 2, 3, 3, 3, 4, 4, 5]
        size = self.rng.choice(small) if self.chance(94) else self.rng.randrange(6, 21)
        if size > 2 and self.chance(60):
            self._account()
            if size > 3 and self.chance(15):
                self._account()
                self._link("account1", self.tables[0])
        for _ in range(1 if size < 5 or self.chance(60) else 2):
            self._person()
        while len(self.tables) < size:
            self._child()

    def _account(self) -> None:
        columns = [self._key(), Column(name="closed_at", type="instant"), self._payload(0)]
        on = {"account-closed": "closed_at"}
        if self.chance(30):
            columns.append(Column(name="opened_at", type="instant", null=False))
            on["account-opened"] = "opened_at"
        self._add("account", columns, on=on)

    def _person(self) -> None:
        columns = [self._key(), Column(name="email", type="text", null=self.chance(50))]
        columns += [self._payload(number) for number in range(self.rng.randrange(3))]
        on = self._clock(columns, "collected", percent=60)
        name = self._add("person", columns, on=on, person=True)
        shared = [table for table in self.tables if table.name.startswith("account")]
        if shared and self.chance(80):
            self._link(name, self.rng.choice(shared))
        elif not on and not shared:
            self._clocked(name, "account-closed")

    def _child(self) -> None:
        parents = self.rng.sample(self.tables, 2 if TWO_PARENTS and len(self.tables) > 1 and self.chance(20) else 1)
        columns = [self._key()]
        columns += [self._payload(number) for number in range(self.rng.randrange(1, 4))]
        on = self._clock(columns, "collected", percent=60)
        on |= self._clock(columns, "case-closed", percent=15)
        name = self._add("child", columns, on=on)
        for parent in parents:
            self._link(name, parent)
        if len(parents) == 1 and len(self.links[-1].via) == 1 and self.chance(15):
            self._compose(name)
        elif POLYMORPHIC and len(parents) == 2 and self.chance(30):
            self._polymorphic(name)
        if SELF_LINKS and self.chance(10):
            self._link(name, self._table(name), null=True)

    def _key(self) -> Column:
        return Column(name="id", type=self.rng.choice(["int", "int", "int", "text"]), null=False)

    def _payload(self, number: int) -> Column:
        kind = self.rng.choice(self.kinds) if COLUMN_KINDS and self.chance(15) else None
        fate = self.rng.choice(["empty", "anonymise", "delete", "keep"]) if FATES and self.chance(8) else None
        type_ = self.rng.choice(["text", "text", "text", "int", "int", "instant", "date"])
        unique = type_ == "text" and self.chance(6)
        return Column(name=f"c{number}", type=type_, null=self.chance(60), unique=unique, kind=kind, fate=fate)

    def _clock(self, columns: list[Column], event: str, *, percent: int) -> dict[str, str]:
        if not self.chance(percent):
            return {}
        name = event.replace("-", "_")
        kind = self.rng.choice(["instant", "instant", "date", "epoch"])
        columns.append(Column(name=name, type=kind, null=self.chance(50)))
        return {event: name}

    def _clocked(self, name: str, event: str) -> None:
        table = self._table(name)
        columns = list(table.columns)
        on = self._clock(columns, event, percent=100)
        self._replace(replace(table, columns=tuple(columns), on=table.on | on))

    def _add(self, stem: str, columns: list[Column], *, on: dict[str, str], person: bool = False) -> str:
        taken = sum(table.name.startswith(stem) for table in self.tables)
        name = f"{stem}{taken or ''}"
        self.rng.shuffle(columns)
        self.tables.append(
            Table(
                name=name,
                columns=tuple(columns),
                key=("id",),
                kind=self.rng.choice(self.kinds),
                person=person,
                find_by="email" if person else None,
                on=on,
            )
        )
        return name

    def _table(self, name: str) -> Table:
        return next(table for table in self.tables if table.name == name)

    def _replace(self, table: Table) -> None:
        self.tables = [table if old.name == table.name else old for old in self.tables]

    def _link(self, child: str, parent: Table, *, null: bool | None = None) -> None:
        table = self._table(child)
        nullable = self.chance(50) if null is None else null
        to = parent.key
        if BY_CODE and self.chance(8):
            to = ("code",)
            parent = self._coded(parent)
        via = tuple(f"{parent.name}_{column}" for column in to)
        new = tuple(
            Column(name=name, type=parent.column(key).type, null=nullable) for name, key in zip(via, to, strict=True)
        )
        edges = ["own"] * 6 + ["derive"] * DERIVED + ["share", "mention"] * SHARED
        edge = "own" if table.person else self.rng.choice(edges)
        self._replace(replace(table, columns=(*table.columns, *new)))
        declared = self.chance(70)
        told = UNDECLARED and not declared and to == parent.key and self.chance(40)
        self.links.append(
            Link(
                child=child,
                via=via,
                parent=parent.name,
                to=to,
                edge=edge,
                declared=declared,
                told_by_parent=told,
            )
        )

    def _coded(self, table: Table) -> Table:
        """Give a table a code that names its rows beside the key."""
        if all(column.name != "code" for column in table.columns):
            table = replace(table, columns=(*table.columns, Column(name="code", type="text", null=False, unique=True)))
            self._replace(table)
        return table

    def _polymorphic(self, name: str) -> None:
        """Let the two links of a table share one column, and another column say which of them holds."""
        table, links = self._table(name), self.links[-2:]
        types = {self._table(link.parent).column(link.to[0]).type for link in links}
        if len(types) > 1 or any(len(link.via) > 1 for link in links):
            return
        gone = {link.via[0] for link in links}
        columns = [c for c in table.columns if c.name not in gone]
        columns += [Column(name="owner_id", type=types.pop()), Column(name="owner_type", type="text", null=False)]
        self._replace(replace(table, columns=tuple(columns)))
        self.links[-2:] = [
            replace(link, via=("owner_id",), when=(("owner_type", link.parent.title()),), declared=False)
            for link in links
        ]

    def _compose(self, name: str) -> None:
        """Make the key of a table composite: its parent's key and a number."""
        table, link = self._table(name), self.links[-1]
        columns = tuple(replace(c, null=False) if c.name in link.via else c for c in table.columns)
        self._replace(replace(table, columns=columns, key=(link.via[0], "id")))

    # Rules.

    def _policy(self) -> None:
        mapped = sorted({event for table in self.tables for event in table.on})
        events = mapped or ["collected"]
        if "collected" in mapped and self.chance(20):
            events = [*events, "end-of-calendar-year"]
        for kind in self.kinds:
            self._ceilings(kind, events)
            if FLOORS and self.chance(40):
                self._floor(kind, events)
        if WIDE_RULES and self.chance(35):
            self._wide(events)

    def _wide(self, events: list[str]) -> None:
        """Add a rule for `all` or `other`, of facts nobody reported or of a period nobody decided."""
        data = self.rng.choice(["all", "other"])
        drawn = self.rng.randrange(4)
        if drawn == 0:
            self._rule(data, mode="most", event="objection", count=3, unit="days", then="delete")
        elif drawn == 1:
            self._rule(data, mode="most", event=self._untaken(events) or "undecided", count=None, then="delete")
        elif drawn == 2:
            self._rule(data, mode="while", state="hold", grounds=("legal-claims",))
        elif event := self._untaken(events):
            count, unit = self._period(event)
            self._rule(data, mode="most", event=event, count=count or 1, unit=unit, then="delete")

    def _untaken(self, events: list[str]) -> str | None:
        """Return an event from which no ceiling counts yet: two from one event are refused."""
        taken = {rule.event for rule in self.rules if rule.then}
        return next((event for event in events if event not in taken), None)

    def _ceilings(self, kind: str, events: list[str]) -> None:
        for event in self.rng.sample(events, min(len(events), self.rng.choice([0, 1, 1, 1, 2]))):
            count, unit = self._period(event)
            mode = "none" if count == 0 else "most"
            then = "delete" if self.chance(80) else "anonymise"
            self._rule(kind, mode=mode, event=event, count=count, unit=unit, then=then)

    def _floor(self, kind: str, events: list[str]) -> None:
        grounds = ("legal-obligation",) if self.chance(60) else ()
        if self.chance(35):
            opened = ["account-open"] * 8 if "account-closed" in events else []
            state = self.rng.choice([*opened, "hold", "needed"])
            self._rule(kind, mode="while", state=state, grounds=grounds)
            return
        event = self.rng.choice(events)
        count, unit = self._period(event)
        taken = any(rule.event == event and rule.then for rule in self.rules if kind in rule.data)
        then = "delete" if self.chance(30) and not taken else None
        self._rule(kind, mode="least", event=event, count=count or 1, unit=unit, then=then, grounds=grounds)

    def _period(self, event: str) -> tuple[int, str]:
        if event == "end-of-calendar-year":
            return self.rng.choice([1, 2, 8]), "years"
        dated = any(table.column(table.on[event]).type == "date" for table in self.tables if event in table.on)
        count, unit = self.rng.choice(PERIODS if not dated else PERIODS[:-2])
        return (0, "days") if self.chance(8) else (count, unit)

    def _rule(self, kind: str, **more: Any) -> None:
        own = all(rule.name != kind for rule in self.rules)
        name = kind if own and kind not in {"all", "other"} else f"rule-{len(self.rules)}"
        self.rules.append(Rule(name=name, data=(kind,), **more))

    # Rows.

    def _rows(self) -> Rows:
        rows: Rows = {}
        for table in self.tables:
            most = 4 if table.name.startswith("account") else 7
            rows[table.name] = []
            for number in range(1, self.rng.randrange(1, most) + 1):
                self._row(table, number, rows)
        return rows

    def _row(self, table: Table, number: int, rows: Rows) -> None:
        row: Row = {}
        for column in table.columns:
            row[column.name] = self._cell(column, number)
        if table.person and (row["email"] is None or self.chance(90)):
            row["email"] = f"{table.name}{number}@x.example"
        if table.person and SAME_ADDRESS and self.chance(15):
            row["email"] = self.rng.choice(["anna@x.example", "Anna@X.example"])
        ways = [link for link in self.links if link.child == table.name]
        if ways and ways[0].when:
            # One of two kinds of parents; the other link does not hold.
            ways = [self.rng.choice(ways)]
            row |= dict(ways[0].when)
        for link in ways:
            if not self._point(row, link, rows[link.parent], table):
                return
        rows[table.name].append(row)

    def _point(self, row: Row, link: Link, parents: list[Row], table: Table) -> bool:
        null = table.column(link.via[0]).null
        if not parents or (null and self.chance(15)):
            row |= dict.fromkeys(link.via)
            return null
        there = self.rng.choice(parents)
        row |= {column: there[to] for column, to in zip(link.via, link.to, strict=True)}
        return True

    def _cell(self, column: Column, number: int) -> Any:
        if column.name == "id":
            return number if column.type == "int" else f"k{number}"
        if column.null and self.chance(20):
            return None
        if column.type in {"instant", "date", "epoch"}:
            return self._moment(column)
        word = self.rng.randrange(1000, 9999)
        if column.unique:
            return f"w{word}-{number}"
        return word if column.type == "int" else f"w{word}@x.example"

    def _moment(self, column: Column) -> Any:
        """Draw an instant around a cut-off of some rule, in the way the column writes it."""
        rule = self.rng.choice(self.rules) if self.rules and self.chance(75) else None
        if rule and rule.count is not None and (rule.unit == "hours" or not rule.count) and column.type != "date":
            # To the second: a floor's last instant is left out, a ceiling's is in.
            off = self.rng.choice([-1, 1] if rule.mode == "least" else [-1, 0, 0, 1])
            moment = self.now - timedelta(hours=rule.count, seconds=off)
            if column.type == "epoch":
                return int(moment.timestamp())
            return moment.astimezone(ZoneInfo(self.clock)).replace(tzinfo=None)
        day = self.today - timedelta(days=self.rng.choice([0, 1, 400, 4000, self.rng.randrange(3000)]))
        if rule and rule.count:
            unit, count = ("days", rule.count // 24) if rule.unit == "hours" else (rule.unit, rule.count)
            day = later(self.today, -count, unit, floor=False) + timedelta(
                days=self.rng.choice([-2, -1, -1, 0, 0, 1, 2])
            )
        if column.type == "date":
            return day
        hour, minute, second = self.rng.choice([(0, 0, 0), (23, 59, 59), (12, 0, 0), (self.rng.randrange(4, 23), 7, 7)])
        moment = datetime(day.year, day.month, day.day, hour, minute, second)  # noqa: DTZ001
        return int(moment.replace(tzinfo=ZoneInfo(self.zone)).timestamp()) if column.type == "epoch" else moment
