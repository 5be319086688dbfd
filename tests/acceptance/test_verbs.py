"""Every verb as a newcomer meets it."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest
from tests.acceptance.desk import kept
from tests.samples.shop import LONG_AGO, Shop, policy

from kept.cli.main import VERBS

PERSON = "person: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}}"
RULE = "account: {from: collected, keep: at most 60 days, then: delete}"


@pytest.mark.parametrize("verb", [name for name, _ in VERBS])
def test_a_verb_explains_itself(verb: str, tmp_path: Path) -> None:
    said = kept(tmp_path, "", verb, "--help")
    text = getattr(importlib.import_module(f"kept.cli.{verb}"), verb).__doc__
    assert said.code == 0
    assert " ".join(text.split())[:30] in " ".join(said.out.split())


def test_the_demo_repairs_its_shop_and_notices_every_sabotage(tmp_path: Path) -> None:
    said = kept(tmp_path, "", "demo", "--people", "300")
    assert said.code == 0, said.all
    boards = sorted(path.name for path in tmp_path.rglob("board*.html"))
    assert boards == ["board-before.en.html", "board.en.html"]
    assert "Traceback" not in said.all


def test_plan_says_by_its_exit_code_whether_there_is_something_to_do(small: Shop) -> None:
    small.make(
        "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), at TIMESTAMP )",
        f"INSERT INTO person VALUES (1, 'a@x.example', '{LONG_AGO}')",
    )
    small.write(policy(PERSON, retention=RULE))
    assert kept(small.folder, small.database.url, "plan", "retention").code == 4
    broken = kept(small.folder, small.database.url, "prove", "--json")
    assert broken.code in {0, 1, 4}
    assert json.loads(broken.out)["kept-prove"] == 1
    small.run("DELETE FROM person")
    assert kept(small.folder, small.database.url, "plan", "retention").code == 0
