"""Each control with a planted fault (broken), without its positive control (unproven), and clean (kept).

The port is a fake that holds rows in memory and evaluates selections itself; `tests/integration` has the real one.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from kept.decide.select import All, Always, Before, Equals, IsNull, Named, Not, Selection, Some
from kept.law.terms import Verdict
from kept.map.bound import Hop
from kept.map.schema import Column, Family, Schema, Shape, Table
from kept.map.system import Canary
from kept.policy.findings import Finding, could_not_run
from kept.policy.load import require
from kept.policy.model import Policy
from kept.ports import Concealment, CountQuery, Sample
from kept.prove.controls.ages import limits
from kept.prove.controls.papers import Vouch
from kept.prove.controls.registry import evidence, runs
from kept.prove.controls.witness import Inspection, Witness
from kept.prove.verdict import Evidence
from kept.texts import LANGUAGES, say

AS_OF = datetime(2026, 6, 15, 12, tzinfo=UTC)

POLICY = """\
kept: 1
controller: {name: Test AS, country: NO, timezone: Europe/Oslo, languages: [de], contact: privacy@test.example}
text:
  file: policy.de.md
  promises: promises.csv
  version: 2020-05-01
  statements: [T-note]
  defects:
    - {says: [T-defect], defect: contradiction, with: [T-never], owner: privacy-officer}
  says: {version: [T-version]}
people:
  customer: {role: controller, minimum-age: {US: 13, EEA: 16}, says: {minimum-age: [T-age]}}
data:
  lead: {people: [customer], categories: [contact], fields: [name, email, phone, company], sources: [website, event],
         says: {fields: [T-fields], sources: [T-sources], categories: [T-categories]}}
  log: {people: [customer], categories: [online-identifier, location], fields: [ip, time, country], sources: [login],
        precision: {location: country, ip: truncated}, says: {precision: [T-precision], sources: [T-constant]}}
  call: {people: [customer], categories: [content], never: [name, phone, email], says: {never: [T-never]}}
  orphan: {people: [customer], categories: [contact], fields: [name], says: {fields: [T-orphan]}}
  support: {people: [customer], categories: [content]}
purposes:
  sales: {basis: legitimate-interests, data: [lead, orphan, call, log, support]}
measures:
  quiet: {of: [support], check: sensitive-values, says: [T-sensitive]}
  keys: {of: [support], check: secret-scan, says: [T-secret]}
  groups: {of: [support], check: anonymity, says: [T-anonymity]}
  transit: {of: [support], check: encrypted-in-transit, says: [T-transit]}
  reset: {of: [support], check: reset-page, says: [T-reset]}
pledges:
  - {says: [T-pledge], owner: security-officer, review: 12 months}
retention:
  lead: {from: collected, keep: at most 1 year, then: delete, says: [T-keep]}
  other: {from: collected, keep: at most undecided, then: delete, says: [T-undecided]}
systems:
  shop:
    url: env:SHOP
    canary: {table: web_form, key: 1}
    tables:
      web_form: {is: customer, key: id, find-by: {email: email}, kind: lead, on: {collected: sent_at},
                 source: {column: form}, about: {residence: country, birth-date: born}}
      login: {of: web_form, via: form_id, key: id, kind: log, on: {collected: at}, source: [login]}
      call: {of: web_form, via: form_id, key: id, kind: call}
      ticket: {of: web_form, via: form_id, key: id, kind: support}
    nothing-personal: [version]
"""

Row = dict[str, object]

COLUMNS = {
    "web_form": {
        "id": Family.INTEGER, "name": Family.TEXT, "email": Family.TEXT, "phone": Family.TEXT, "company": Family.TEXT,
        "form": Family.TEXT, "country": Family.TEXT, "born": Family.DATE, "sent_at": Family.TIMESTAMP,
    },
    "login": {"id": Family.INTEGER, "form_id": Family.INTEGER, "ip": Family.TEXT, "country": Family.TEXT,
              "at": Family.TIMESTAMP},
    "call": {"id": Family.INTEGER, "form_id": Family.INTEGER, "note": Family.TEXT},
    "ticket": {"id": Family.INTEGER, "form_id": Family.INTEGER, "body": Family.TEXT},
    "version": {"id": Family.INTEGER},
}  # fmt: skip


def form(n: int, **values: object) -> Row:
    row: Row = {
        "id": n, "name": f"Person {n}", "email": f"p{n}@mail.example", "phone": None, "company": f"Firma {n}",
        "form": "website", "country": "NO", "born": date(1980, 1, 1),
        "sent_at": datetime(2026, 1, 1, tzinfo=UTC),
    }  # fmt: skip
    return row | values


def clean() -> dict[str, list[Row]]:
    return {
        "web_form": [form(n) for n in range(1, 21)],
        "login": [{"id": n, "form_id": n, "ip": f"198.51.{n}.0", "country": "NO", "at": None} for n in range(1, 11)],
        "call": [{"id": n, "form_id": n, "note": f"picture froze after {n} s"} for n in range(1, 11)],
        "ticket": [{"id": n, "form_id": n, "body": f"invoice {n} is wrong"} for n in range(1, 11)],
        "version": [{"id": 7}],
    }


@dataclass
class FakePort:
    """A fake system: rows in memory, selections evaluated in Python."""

    rows: dict[str, list[Row]] = field(default_factory=clean)
    columns: dict[str, dict[str, Family]] = field(default_factory=lambda: {t: dict(c) for t, c in COLUMNS.items()})
    canary: bool = True
    hidden: tuple[Concealment, ...] = ()
    encrypted: bool | None = None
    blind: bool = False
    estimates: Mapping[str, int] = field(default_factory=dict)
    name: str = "shop"
    dialect: str = "sqlite"

    def describe(self) -> Schema:
        tables = tuple(
            Table(
                name=table,
                shape=Shape.TABLE,
                columns=tuple(Column(name=c, type=f, family=f, nullable=True) for c, f in columns.items()),
                key=("id",) if "id" in columns else (),
                rows=self.estimates.get(table),
            )
            for table, columns in self.columns.items()
        )
        return Schema(dialect="sqlite", tables=tables)

    def found(self, canary: Canary) -> bool:
        return self.canary and any(str(row["id"]) == canary.key for row in self.rows[canary.table])

    def concealed(self, tables: Sequence[str]) -> tuple[Concealment, ...]:
        return tuple(one for one in self.hidden if one.table in tables)

    def size(self, table: str) -> tuple[int, bool]:
        return sum(self.count(CountQuery(table=table, flags=())).values()), True

    def count(self, query: CountQuery) -> dict[int, int]:
        rows = [row for row in self.rows[query.table] if holds(query.where, row, query)]
        flags = [sum(1 << i for i, flag in enumerate(query.flags) if holds(flag, row, query)) for row in rows]
        return dict(Counter(flags))

    def earliest(self, query: CountQuery, hop: Hop) -> datetime | None:  # noqa: ARG002 - these tests date nothing
        return None

    def count_outside(self, table: str, column: str, allowed: Sequence[str]) -> tuple[int, int]:
        return sum(row.get(column) not in allowed for row in self.rows[table]), len(self.rows[table])

    def count_like(self, table: str, column: str, pattern: str) -> tuple[int, int]:
        assert pattern == "%_@_%.__%"
        return sum("@" in str(row.get(column)) for row in self.rows[table]), len(self.rows[table])

    def sample(self, table: str, columns: Sequence[str], rows: int) -> Sample:
        taken = [] if self.blind else self.rows[table][:rows]
        values = {c: tuple(str(row[c]) for row in taken if row.get(c) is not None) for c in columns}
        return Sample(table=table, columns=values, rows=len(taken))

    def encrypted_in_transit(self) -> bool | None:
        return self.encrypted


def holds(what: Selection, row: Row, query: CountQuery) -> bool:
    match what:
        case Always(value=value):
            return value
        case IsNull(column=column):
            return row.get(column) is None
        case Equals(column=column, value=word):
            return row.get(column) == word
        case Before(column=column, cut=cut):
            born = row.get(column)
            return isinstance(born, date) and born < query.cuts[cut].astimezone(ZoneInfo("Europe/Oslo")).date()
        case Named(columns=columns, keys=keys):
            return row.get(columns[0]) in query.keys[keys]
        case Not(part=part):
            return not holds(part, row, query)
        case All(parts=parts):
            return all(holds(part, row, query) for part in parts)
        case Some(parts=parts):
            return any(holds(part, row, query) for part in parts)
        case _:
            raise NotImplementedError(what)


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    folder: Path = tmp_path_factory.mktemp("policy")
    ids = sorted(set(re.findall(r"T-[a-z]+", POLICY)))
    (folder / "promises.csv").write_text("id,kind,obligation\n" + "".join(f"{i},test,Zusage {i}\n" for i in ids))
    (folder / "policy.de.md").write_text("# Text\n\nEin Satz. {T-version}\n")
    (folder / "kept.yaml").write_text(POLICY)
    return require(folder / "kept.yaml")


def prove(policy: Policy, promise: str, port: FakePort | None = None, **more: object) -> Evidence:
    witness = Witness(policy.systems[0], port or FakePort())
    inspection = Inspection(policy=policy, as_of=AS_OF, witnesses=(witness,), prose="Ein Satz. {T-version}")
    inspection = replace(inspection, **more)  # type: ignore[arg-type]
    citation = next(c for c in policy.citations if c.promise == promise)
    found = evidence(citation, inspection)
    for lang in LANGUAGES:  # every reason has its text, and every placeholder its fact
        assert say(found.reason, lang, zone="Europe/Oslo", **dict(found.facts))
        assert say(f"{found.reason}.short", lang)
    return found


def column(port: FakePort, table: str, name: str, values: Sequence[object]) -> FakePort:
    port.columns[table][name] = Family.TEXT
    for row, value in zip(port.rows[table], values, strict=False):
        row[name] = value
    return port


SCANNED = ["T-fields", "T-categories", "T-never", "T-precision", "T-sensitive", "T-secret"]
COUNTED = ["T-sources", "T-constant", "T-age"]


@pytest.mark.parametrize("promise", SCANNED + COUNTED)
def test_clean_data_is_kept_and_names_its_positive_control(policy: Policy, promise: str) -> None:
    found = prove(policy, promise)
    assert found.verdict is Verdict.KEPT, found
    assert found.positive == "canary shop.web_form"
    assert found.at == AS_OF
    assert sum(count.violations for count in found.counts) == 0


@pytest.mark.parametrize("promise", SCANNED + COUNTED)
def test_without_the_canary_nothing_is_kept(policy: Policy, promise: str) -> None:
    found = prove(policy, promise, FakePort(canary=False))
    assert (found.verdict, found.reason) == (Verdict.UNPROVEN, "reason.canary-lost")


@pytest.mark.parametrize("promise", ["T-fields", "T-categories", "T-sources", "T-age"])
@pytest.mark.parametrize("reason", ["view", "row-security", "missing", "unreadable", "empty-where-estimate-says-rows"])
def test_a_concealed_table_proves_nothing(policy: Policy, promise: str, reason: str) -> None:
    found = prove(policy, promise, FakePort(hidden=(Concealment(table="web_form", reason=reason),)))
    assert (found.verdict, found.reason) == (Verdict.UNPROVEN, f"reason.concealed.{reason}")


@pytest.mark.parametrize("promise", SCANNED)
def test_a_scan_that_read_no_row_of_a_full_table_proves_nothing(policy: Policy, promise: str) -> None:
    found = prove(policy, promise, FakePort(blind=True))
    assert found.verdict is Verdict.UNPROVEN
    assert found.reason in {"reason.nothing-sampled", "reason.perhaps-mail"}


@pytest.mark.parametrize("promise", SCANNED + COUNTED)
def test_an_unreachable_system_is_unproven_and_says_so(policy: Policy, promise: str) -> None:
    refused = could_not_run(Finding(code="S201", message="no connection"))
    inspection = Inspection(policy=policy, as_of=AS_OF, witnesses=(Witness(policy.systems[0], refused),))
    found = evidence(next(c for c in policy.citations if c.promise == promise), inspection)
    assert (found.verdict, found.reason) == (Verdict.UNPROVEN, "reason.unreachable")
    assert dict(found.facts) == {"system": "shop", "code": "S201"}


def test_an_empty_table_is_kept_only_with_its_positive_control_and_says_zero_rows(policy: Policy) -> None:
    port = FakePort()
    port.rows["call"] = []
    found = prove(policy, "T-never", port)
    assert found.verdict is Verdict.KEPT
    assert dict(found.facts)["rows"] == "0"
    port.canary = False
    assert prove(policy, "T-never", port).verdict is Verdict.UNPROVEN


def test_without_a_declared_canary_the_count_must_agree_with_the_catalogue(policy: Policy) -> None:
    bare = replace(policy, systems=(replace(policy.systems[0], canary=None),))
    assert prove(bare, "T-sources").reason == "reason.no-canary"
    agreeing = FakePort(estimates={"web_form": 20})
    found = prove(bare, "T-sources", agreeing)
    assert (found.verdict, found.positive) == (Verdict.KEPT, "estimate shop")
    for estimate in (1, 51, 5000):
        assert prove(bare, "T-sources", FakePort(estimates={"web_form": estimate})).reason == "reason.no-canary"


# fields and categories


def test_an_undeclared_column_full_of_mail_addresses_breaks_the_closed_list(policy: Policy) -> None:
    port = column(FakePort(), "web_form", "remarks", [f"spare{n}@mail.example" for n in range(15)])
    found = prove(policy, "T-fields", port)
    assert (found.verdict, found.reason) == (Verdict.BROKEN, "reason.undeclared-column.email")
    assert dict(found.facts) == {"place": "shop.web_form.remarks", "n": "15", "total": "15"}
    assert found.counts[0].violations == 1
    assert "sehen wie E-Mail-Adressen aus" in say(found.reason, "de", **dict(found.facts))


def test_an_undeclared_column_is_broken_whatever_it_holds(policy: Policy) -> None:
    found = prove(policy, "T-fields", column(FakePort(), "web_form", "shoe_size", ["42"]))
    assert (found.verdict, found.reason) == (Verdict.BROKEN, "reason.undeclared-column.plain")


def test_keys_links_clocks_sources_and_about_columns_need_no_place_in_the_list(policy: Policy) -> None:
    found = prove(policy, "T-fields")
    assert [(count.place, count.total) for count in found.counts] == [("shop.web_form", 4)]


def test_a_declared_column_that_holds_something_else_is_seen_by_its_values(policy: Policy) -> None:
    port = FakePort()
    for row in port.rows["web_form"][:10]:
        row["company"] = "DE89 3704 0044 0532 0130 00"
    found = prove(policy, "T-fields", port)
    assert (found.verdict, found.reason) == (Verdict.BROKEN, "reason.values.iban")
    assert prove(policy, "T-categories", port).reason == "reason.values.iban"


def test_an_undeclared_table_with_values_of_the_kind_breaks_it(policy: Policy) -> None:
    port = FakePort()
    port.columns["backup_2024"] = {"id": Family.INTEGER, "blob": Family.TEXT}
    port.rows["backup_2024"] = [{"id": n, "blob": f"x p{n}@mail.example"} for n in range(5)]
    found = prove(policy, "T-fields", port)
    assert (found.verdict, found.reason) == (Verdict.BROKEN, "reason.undeclared-table.email")
    assert dict(found.facts)["place"] == "shop.backup_2024"
    assert prove(policy, "T-categories", port).verdict is Verdict.BROKEN


def test_an_undeclared_table_that_says_nothing_leaves_the_promise_unproven(policy: Policy) -> None:
    port = FakePort()
    port.columns["misc"] = {"id": Family.INTEGER, "word": Family.TEXT}
    port.rows["misc"] = [{"id": 1, "word": "blue"}]
    found = prove(policy, "T-fields", port)
    assert (found.verdict, found.reason) == (Verdict.UNPROVEN, "reason.undeclared-table.unread")


def test_an_undeclared_table_blames_only_the_kinds_its_values_speak_of(policy: Policy) -> None:
    port = FakePort()
    port.columns["backup_2024"] = {"id": Family.INTEGER, "blob": Family.TEXT}
    port.rows["backup_2024"] = [{"id": 1, "blob": "p1@mail.example"}]
    orphan = prove(policy, "T-orphan", port)
    assert (orphan.verdict, orphan.reason) == (Verdict.UNPROVEN, "reason.undeclared-table.unread")


def test_a_kind_without_a_table_is_unproven(policy: Policy) -> None:
    assert prove(policy, "T-orphan").reason == "reason.no-table"


def test_a_violation_is_reported_even_when_the_canary_is_gone(policy: Policy) -> None:
    port = column(FakePort(canary=False), "web_form", "remarks", ["a@b.example"])
    assert prove(policy, "T-fields", port).verdict is Verdict.BROKEN


# never


@pytest.mark.parametrize(
    ("note", "reason"),
    [
        ("please mail kari@nordmann.example", "reason.values.email"),
        ("ring +47 22 33 44 55 back", "reason.values.phone"),
    ],
)
def test_a_forbidden_value_in_prose_breaks_never(policy: Policy, note: str, reason: str) -> None:
    port = FakePort()
    port.rows["call"][3]["note"] = note
    found = prove(policy, "T-never", port)
    assert (found.verdict, found.reason) == (Verdict.BROKEN, reason)
    assert dict(found.facts) == {"place": "shop.call.note", "n": "1", "total": "10"}


@pytest.mark.parametrize("name", ["caller_name", "telephone", "contactEmail", "surname"])
def test_a_forbidden_column_breaks_never_even_when_empty(policy: Policy, name: str) -> None:
    found = prove(policy, "T-never", column(FakePort(), "call", name, []))
    assert (found.verdict, found.reason) == (Verdict.BROKEN, "reason.never-column")


def test_the_name_of_a_thing_is_no_forbidden_name(policy: Policy) -> None:
    assert prove(policy, "T-never", column(FakePort(), "call", "product_name", ["Lampe"])).verdict is Verdict.KEPT


def test_a_mail_address_outside_the_sample_leaves_never_unproven(policy: Policy) -> None:
    port = FakePort()
    port.rows["call"] += [{"id": 900, "form_id": 1, "note": "kari@nordmann.example"}]
    witness = Witness(policy.systems[0], port, sample_rows=10)
    citation = next(c for c in policy.citations if c.promise == "T-never")
    found = evidence(citation, Inspection(policy=policy, as_of=AS_OF, witnesses=(witness,)))
    assert (found.verdict, found.reason) == (Verdict.UNPROVEN, "reason.perhaps-mail")
    assert dict(found.facts)["n"] == "1"


# sources


@pytest.mark.parametrize("source", [None, "scraped"])
def test_a_row_without_a_declared_source_is_counted(policy: Policy, source: str | None) -> None:
    port = FakePort()
    port.rows["web_form"][0]["form"] = source
    found = prove(policy, "T-sources", port)
    assert (found.verdict, found.reason) == (Verdict.BROKEN, "reason.rows-without-source")
    assert [(c.violations, c.total) for c in found.counts] == [(1, 20)]


def with_login(policy: Policy, **changed: object) -> Policy:
    system = policy.systems[0]
    tables = tuple(replace(t, **changed) if t.name == "login" else t for t in system.tables)  # type: ignore[arg-type]
    return replace(policy, systems=(replace(system, tables=tables),))


def test_a_constant_source_must_be_declared(policy: Policy) -> None:
    source = policy.systems[0].by_name["login"].source
    assert source is not None
    found = prove(with_login(policy, source=replace(source, constant=("login", "purchase"))), "T-constant")
    assert (found.verdict, found.reason) == (Verdict.BROKEN, "reason.strange-source")
    assert found.counts[0].violations == 10


def test_a_table_that_says_nothing_of_its_source_is_unproven(policy: Policy) -> None:
    found = prove(with_login(policy, source=None), "T-constant")
    assert (found.verdict, found.reason) == (Verdict.UNPROVEN, "reason.no-source-mapped")


# precision


def test_a_place_finer_than_a_country_is_broken_by_value(policy: Policy) -> None:
    port = FakePort()
    port.rows["login"][0]["country"] = "Oslo"
    port.rows["login"][1]["country"] = None
    found = prove(policy, "T-precision", port)
    assert (found.verdict, found.reason) == (Verdict.BROKEN, "reason.not-country")
    assert dict(found.facts) == {"place": "shop.login.country", "n": "1", "total": "9"}


@pytest.mark.parametrize("name", ["city", "lat", "postal_code"])
def test_a_place_finer_than_a_country_is_broken_by_column(policy: Policy, name: str) -> None:
    found = prove(policy, "T-precision", column(FakePort(), "login", name, ["x"] * 10))
    assert (found.verdict, found.reason) == (Verdict.BROKEN, "reason.finer-column")


def test_a_point_on_the_map_is_found_whatever_the_column_is_called(policy: Policy) -> None:
    found = prove(policy, "T-precision", column(FakePort(), "login", "extra", ["59.91273, 10.74609"] * 3))
    assert (found.verdict, found.reason) == (Verdict.BROKEN, "reason.values.coordinates")


def test_an_address_with_its_host_part_is_broken(policy: Policy) -> None:
    port = FakePort()
    port.rows["login"][0]["ip"] = "198.51.100.23"
    found = prove(policy, "T-precision", port)
    assert (found.verdict, found.reason) == (Verdict.BROKEN, "reason.not-truncated-ip")


# ages


@pytest.mark.parametrize(
    ("country", "born", "young"),
    [
        ("NO", date(2010, 6, 15), False),
        ("NO", date(2010, 6, 16), True),
        ("US", date(2010, 6, 16), False),
        ("US", date(2013, 6, 16), True),
        ("us", date(2010, 6, 16), False),
        ("JP", date(2020, 1, 1), False),
        (None, date(2010, 6, 16), True),
        ("Norge", date(2010, 6, 16), True),
        ("NO", None, False),
    ],
)
def test_the_age_promised_for_the_residence_decides_and_an_unknown_one_is_the_strictest(
    policy: Policy, country: str | None, born: date | None, young: bool
) -> None:
    port = FakePort()
    port.rows["web_form"].append(form(99, country=country, born=born))
    found = prove(policy, "T-age", port)
    assert found.verdict is (Verdict.BROKEN if young else Verdict.KEPT)
    assert sum(c.violations for c in found.counts) == int(young)


def test_every_place_of_residence_has_a_figure_of_its_own_and_the_day_is_named(policy: Policy) -> None:
    port = FakePort()
    port.rows["web_form"] = [
        *(form(n, country="NO", born=date(2015, 1, 1)) for n in range(1, 4)),
        *(form(n, country="US", born=date(2015, 1, 1)) for n in range(4, 6)),
        form(6, country="US"),
        form(7, country=None),
    ]
    found = prove(policy, "T-age", port)
    figures = {c.place: (c.violations, c.total) for c in found.counts}
    assert figures["shop.web_form.born US <13"] == (2, 3)
    assert figures["shop.web_form.born EEA <16"] == (3, 3)
    assert sum(c.violations for c in found.counts) == 5
    assert dict(found.facts)["day"] == "2026-06-15"


def test_nobody_with_a_birth_date_on_record_proves_nothing(policy: Policy) -> None:
    port = FakePort()
    for row in port.rows["web_form"]:
        row["born"] = None
    assert prove(policy, "T-age", port).reason == "reason.births-unknown"


def test_a_29_february_birthday_counts_from_1_march() -> None:
    def cut(today: date) -> date:
        return limits((("any", 13),), today, "UTC").cuts["any"].date()

    leap = date(2008, 2, 29)
    assert not leap < cut(date(2021, 2, 28))
    assert leap < cut(date(2021, 3, 1))
    assert date(2015, 2, 28) < cut(date(2028, 2, 29))
    assert not date(2015, 3, 1) < cut(date(2028, 2, 29))


# measures


@pytest.mark.parametrize(
    ("promise", "body", "reason"),
    [
        ("T-sensitive", "my card is 4111 1111 1111 1111", "reason.values.card"),
        ("T-sensitive", "refund to NO93 8601 1117 947 please", "reason.values.iban"),
        ("T-secret", "key " + "vck_live_" + "a1B2c3D4e5F6g7H8", "reason.values.secret"),
    ],
)
def test_a_sensitive_value_told_to_support_is_found(policy: Policy, promise: str, body: str, reason: str) -> None:
    port = FakePort()
    port.rows["ticket"][0]["body"] = body
    found = prove(policy, promise, port)
    assert (found.verdict, found.reason) == (Verdict.BROKEN, reason)
    assert [(c.place, c.violations, c.total) for c in found.counts] == [("shop.ticket.body", 1, 10)]


@pytest.mark.parametrize(
    ("encrypted", "verdict"), [(True, Verdict.KEPT), (False, Verdict.BROKEN), (None, Verdict.UNPROVEN)]
)
def test_transport_is_what_the_connection_says_of_itself(
    policy: Policy, encrypted: bool | None, verdict: Verdict
) -> None:
    assert prove(policy, "T-transit", FakePort(encrypted=encrypted)).verdict is verdict


@pytest.mark.parametrize("promise", ["T-anonymity", "T-reset"])
def test_a_measure_no_program_checks_yet_is_unproven(policy: Policy, promise: str) -> None:
    assert prove(policy, promise).verdict is Verdict.UNPROVEN


# pledges, prose, registry


def test_a_pledge_is_vouched_by_its_owner_until_its_review_is_due(policy: Policy) -> None:
    def vouch(role: str, at: datetime) -> Evidence:
        return prove(policy, "T-pledge", vouches=(Vouch(promise="T-pledge", role=role, at=at),))

    assert prove(policy, "T-pledge").reason == "reason.nobody-vouched"
    assert vouch("security-officer", datetime(2025, 6, 15, 9, tzinfo=UTC)).verdict is Verdict.VOUCHED
    assert vouch("security-officer", datetime(2025, 6, 14, 9, tzinfo=UTC)).reason == "reason.vouch-expired"
    assert vouch("intern", datetime(2026, 6, 1, tzinfo=UTC)).reason == "reason.nobody-vouched"
    assert vouch("security-officer", datetime(2026, 6, 16, tzinfo=UTC)).reason == "reason.nobody-vouched"


def test_a_defect_is_broken_and_a_statement_noted(policy: Policy) -> None:
    assert prove(policy, "T-defect").reason == "reason.defect.contradiction"
    assert prove(policy, "T-defect").verdict is Verdict.BROKEN
    assert prove(policy, "T-note").verdict is Verdict.NOTED


def test_a_missing_value_is_undecided_and_a_missing_control_says_so(policy: Policy) -> None:
    assert prove(policy, "T-undecided").reason == "reason.undecided"
    found = prove(policy, "T-keep")
    assert (found.reason, dict(found.facts)) == ("reason.not-executed-yet", {"section": "retention"})


def test_controls_of_other_groups_are_taken_in(policy: Policy) -> None:
    citation = next(c for c in policy.citations if c.promise == "T-keep")
    mine = Evidence(control="retention-count", verdict=Verdict.KEPT, reason="reason.mine")
    more = {("retention", "keep"): lambda _c, _i: mine}
    assert evidence(citation, Inspection(policy=policy, as_of=AS_OF), more) is mine
    assert runs(citation, more)


def test_no_evidence_carries_a_value_of_the_data(policy: Policy) -> None:
    secret = "kari@nordmann.example"
    port = column(FakePort(), "web_form", "remarks", [secret] * 20)
    for row in port.rows["call"]:
        row["note"] = secret
    seen = repr([prove(policy, promise, port) for promise in SCANNED + COUNTED])
    assert secret not in seen
    assert "nordmann" not in seen
