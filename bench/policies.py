"""Policy files of the benches, written to a temporary folder."""

from __future__ import annotations

from pathlib import Path

from bench.data import CHILDREN

URL = "KEPT_BENCH_URL"
"""Environment variable that holds the URL of a trial's copy."""

_HEAD = """\
kept: 1
controller: {name: Bench AS, country: NO, timezone: Europe/Oslo, languages: [en], contact: privacy@bench.example}
people:
  customer: {role: controller}
"""
_TAIL = """\
requests:
  answer-within: 1 month
  erasure: {for: [customer]}
safety: {stop-above: 50 %, approve: []}
"""
_SHOP = """\
data:
  account: {people: [customer], categories: [contact]}
  activity: {people: [customer], categories: [behaviour]}
purposes:
  service: {basis: contract, data: [account, activity]}
systems:
  shop:
    url: env:KEPT_BENCH_URL
    canary: {table: users, key: 1}
    clock: UTC
    tables:
      users:
        is: customer
        key: id
        find-by: {email: email}
        kind: account
        on: {account-opened: created_at, account-closed: closed_at}
      events: {key: id, of: users, via: user_id, kind: activity, on: {collected: created_at}}
"""
_SWEEP = """\
retention:
  activity: {from: collected, keep: at most 2 years, then: delete}
  account: {from: account-closed, keep: at most undecided, then: delete}
"""
_PROMISES = """\
text: {promises: promises.csv}
retention:
  activity: {from: collected, keep: at most 2 years, then: delete, says: [B-1]}
  activity-closed: {data: [activity], from: account-closed, keep: at most 3 months, then: delete, says: [B-2]}
  account: {from: account-closed, keep: at most 60 days, then: delete, says: [B-3]}
  active: {data: [account], keep: while account-open, says: [B-4]}
"""
_REGISTER = "id,kind,obligation\n" + "".join(f"B-{n},enforceable,promise {n}\n" for n in range(1, 5))


def shop(folder: Path) -> Path:
    """Users and events; events go after two years."""
    return _written(folder, _HEAD + _SHOP + _SWEEP + _TAIL)


def owner(folder: Path) -> Path:
    """The same, where one person may be nearly all of a table."""
    return _written(folder, _HEAD + _SHOP + _SWEEP + _TAIL.replace("50 %", "100 %"))


def promises(folder: Path) -> Path:
    """Users and events under four retention promises."""
    (folder / "promises.csv").write_text(_REGISTER, encoding="utf-8")
    return _written(folder, _HEAD + _SHOP + _PROMISES + _TAIL)


def people(folder: Path) -> Path:
    """A person and seven tables below."""
    tables = "".join(
        f"      {name}: {{key: id, of: person, via: person_id, kind: account, on: {{collected: at}}}}\n"
        for name, _ in CHILDREN
    )
    return _written(
        folder,
        _HEAD
        + "data:\n  account: {people: [customer], categories: [contact]}\n"
        + "purposes:\n  service: {basis: contract, data: [account]}\n"
        + "retention:\n  account: {from: collected, keep: at most undecided, then: delete}\n"
        + "systems:\n  shop:\n    url: env:KEPT_BENCH_URL\n    canary: {table: person, key: 1}\n    clock: UTC\n"
        + "    tables:\n      person: {is: customer, key: id, find-by: {email: email}, kind: account}\n"
        + tables
        + _TAIL,
    )


def _written(folder: Path, text: str) -> Path:
    file = folder / "kept.yaml"
    file.write_text(text, encoding="utf-8")
    return file
