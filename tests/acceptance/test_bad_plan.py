"""Plan files that are not what was made here: refused before anything is touched, with the next step."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import pytest
from tests.acceptance.desk import Said, kept_here, refused_well
from tests.samples.shop import LONG_AGO, Shop, policy

PERSON = "person: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}}"
RULE = "account: {from: collected, keep: at most 60 days, then: delete}"
GOOD = policy(PERSON, retention=RULE)
TABLE = "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), at TIMESTAMP )"
ANNA = "anna@secret-house.example"
ROW = f"INSERT INTO person VALUES (1, '{ANNA}', '{LONG_AGO}'), (2, 'bob@secret-house.example', '{LONG_AGO}')"

Edit = Callable[[str], str]


class Run(Protocol):
    """`run("apply", "p.json")` on the planned shop."""

    def __call__(self, *words: str, **env: str) -> Said: ...


@pytest.fixture
def run(small: Shop, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command in the folder of the shop."""
    return partial(kept_here, monkeypatch, small.folder, small.database.url)


@pytest.fixture
def planned(small: Shop, run: Run) -> Shop:
    """A plan for Anna and Bob lies in `p.json`."""
    small.make(TABLE, ROW)
    small.write(GOOD)
    assert run("plan", "retention", "--out", "p.json").code == 4
    return small


def untouched(shop: Shop, said: Said, *codes: str) -> None:
    """Refused, and both are still there; the plan as it was made still runs."""
    refused_well(said, ANNA, "secret-house", codes=codes)
    assert shop.ids("person") == [1, 2]


def reworded(text: str, **values: object) -> str:
    return json.dumps({**json.loads(text), **values})


@pytest.mark.parametrize("verb", ["apply p.json", "approve p.json --as officer"])
@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda text: text[: len(text) // 2], id="truncated"),
        pytest.param(lambda text: text[:-2], id="one character short"),
        pytest.param(lambda text: text + "\n", id="a line more"),
        pytest.param(lambda text: text.replace('"rows":2', '"rows":3'), id="another number"),
        pytest.param(lambda text: text.replace("delete", "change"), id="another act"),
        pytest.param(lambda text: json.dumps(json.loads(text), indent=1), id="laid out anew"),
        pytest.param(lambda text: reworded(text, expires="2999-01-01T00:00:00+00:00"), id="a longer life"),
        pytest.param(lambda text: reworded(text, extra=1), id="a key more"),
        pytest.param(lambda text: text.replace('"person"', '"canary"'), id="another table"),
        pytest.param(lambda _: "", id="empty"),
        pytest.param(lambda _: "{}", id="an empty object"),
        pytest.param(lambda _: "[]", id="a list"),
        pytest.param(lambda _: "null", id="nothing"),
        pytest.param(lambda _: '"' + "x" * 100_000 + '"', id="a long word"),
        pytest.param(lambda _: "[" * 100_000, id="very deep"),
        pytest.param(lambda _: "9" * 10_000, id="a long number"),
        pytest.param(lambda _: GOOD, id="the policy"),
    ],
)
def test_a_plan_file_that_was_changed_is_refused(planned: Shop, run: Run, edit: Edit, verb: str) -> None:
    file = planned.folder / "p.json"
    text = file.read_text()
    assert edit(text) != text
    file.write_text(edit(text))
    said = run(*verb.split())
    untouched(planned, said, "S312")


@pytest.mark.parametrize("verb", ["apply p.json", "approve p.json --as officer"])
def test_a_plan_file_that_cannot_be_read_is_refused(planned: Shop, run: Run, verb: str) -> None:
    file = planned.folder / "p.json"
    for spoil in (lambda: file.write_bytes(b"\xff\xfe\x00"), file.unlink, file.mkdir):
        spoil()
        said = run(*verb.split())
        untouched(planned, said, "S318")


def test_a_plan_of_another_policy_is_refused(planned: Shop, run: Run) -> None:
    planned.write(GOOD.replace("60 days", "61 days"))
    untouched(planned, run("apply", "p.json"), "S313")
    planned.write(GOOD)
    assert run("apply", "p.json").code == 0


def test_a_plan_of_another_store_is_refused(planned: Shop, run: Run) -> None:
    untouched(planned, run("apply", "p.json", KEPT_STORE="elsewhere/store.db"), "S312")


def test_a_plan_of_another_schema_is_refused(planned: Shop, run: Run) -> None:
    planned.run("ALTER TABLE person ADD COLUMN phone VARCHAR(20)")
    untouched(planned, run("apply", "p.json"), "S308")


def test_a_plan_that_expired_or_is_for_a_day_to_come_is_refused(planned: Shop, run: Run) -> None:
    made = datetime.fromisoformat(json.loads((planned.folder / "p.json").read_text())["as_of"])
    for days, code in ((-2, "S309"), (2, "S321")):
        at = (made + timedelta(days=days)).isoformat()
        assert run("plan", "retention", "--as-of", at, "--out", "o.json").code == 4
        untouched(planned, run("apply", "o.json"), code)


def test_a_plan_applied_twice_is_refused_the_second_time(planned: Shop, run: Run) -> None:
    assert run("apply", "p.json").code == 0
    planned.run(ROW)
    untouched(planned, run("apply", "p.json"), "S319")


def test_a_plan_waits_for_its_approvals(planned: Shop, run: Run) -> None:
    planned.write(GOOD.replace("safety: {stop-above: 100 %}", "safety: {stop-above: 100 %, approve: [retention]}"))
    assert run("plan", "retention", "--out", "p.json").code == 4
    untouched(planned, run("apply", "p.json"), "S311")
    assert run("approve", "p.json", "--as", "officer").code == 0
    assert run("apply", "p.json").code == 0


def test_rows_that_came_since_the_plan_stop_it(planned: Shop, run: Run) -> None:
    planned.run(f"INSERT INTO person VALUES (3, 'eve@x.example', '{LONG_AGO}')")
    said = run("apply", "p.json")
    refused_well(said, "secret-house", codes=["S307"])
    assert planned.ids("person") == [1, 2, 3]


def test_a_plan_about_people_holds_after_nobody_but_them(planned: Shop, run: Run) -> None:
    """The sealed identifiers go with the run that used them: the same file names nobody any more."""
    assert run("plan", "erasure", f"email={ANNA}", "--out", "e.json").code == 4
    assert run("apply", "e.json").code == 0
    assert planned.ids("person") == [2]
    planned.run(f"INSERT INTO person VALUES (1, '{ANNA}', '{LONG_AGO}')")
    untouched(planned, run("apply", "e.json"), "S319")


def test_a_canary_that_is_gone_stops_a_search(planned: Shop, run: Run) -> None:
    planned.run("DELETE FROM canary")
    untouched(planned, run("plan", "erasure", f"email={ANNA}"), "S315")


def test_a_clock_that_went_back_stops_everything(planned: Shop, run: Run) -> None:
    """The store remembers the latest instant it has seen."""
    later = planned.now + timedelta(days=30_000)
    with planned.context(now=later + timedelta(days=30_000)) as context:
        from kept.store import clockmark

        with context.store.write() as tx:
            clockmark.advance(tx, later + timedelta(days=30_000))
    untouched(planned, run("apply", "p.json"), "S322")
