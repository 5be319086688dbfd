"""Whatever stands in a file, an address or a word: an exit code as designed, findings, and never a fault of Kept.

A few tries of each in every run; KEPT_DEEP=1 tries fifty times as many.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy.engine.default import DefaultDialect
from tests.samples.shop import LONG_AGO, policy

from kept.cli.main import main
from kept.policy.findings import Exit

VIDEO = Path(__file__).parents[2] / "examples" / "video"
PERSON = "person: {is: customer, key: id, find-by: {email: email}, kind: account, on: {collected: at}}"
RULE = "account: {from: collected, keep: at most 60 days, then: delete}"
DEEP = 50 if os.environ.get("KEPT_DEEP") else 1
DESIGNED = frozenset(map(int, Exit))


def tries(few: int) -> settings:
    """So many in every run, so many more in a deep one."""
    return settings(max_examples=few * DEEP, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True, kw_only=True)
class Said:
    code: int
    text: str


def spoken(*words: str, **env: str) -> Said:
    """Run a verb here and now."""
    out, err = io.StringIO(), io.StringIO()
    before = {name: os.environ.get(name) for name in env}
    os.environ.update(env)
    try:
        with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as left:
            main(words)
    finally:
        for name, value in before.items():
            os.environ.pop(name, None) if value is None else os.environ.update({name: value})
    return Said(code=int(left.value.code or 0), text=out.getvalue() + err.getvalue())


def answered(said: Said) -> None:
    """No fault of ours, and a code that means something."""
    assert said.code in DESIGNED
    assert "K199" not in said.text, said.text
    assert "Traceback" not in said.text


@st.composite
def spoiled(draw: st.DrawFn, good: bytes) -> bytes:
    """Bytes with up to four scraps cut out, put in, said twice or moved."""
    data = good
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(data)))
        end = min(len(data), at + draw(st.sampled_from([0, 1, 1, 2, 7, 40, 1000])))
        scrap = draw(st.one_of(st.binary(max_size=4), st.sampled_from(SCRAPS), st.just(data[at:end] * 2)))
        data = draw(st.sampled_from([data[:at] + scrap + data[end:], data[:at], data[:at] + scrap + data[at:]]))
    return data


SCRAPS = [
    *(b"\x00", b"\xff", b"\xe2\x80\xae", b"\r", b"\n", b"\t", b'"', b"'", b"\\", b"{", b"}", b"[", b"]", b":", b","),
    *(b"null", b"true", b"NaN", b"-1", b"1e999", b"9" * 400, b"[" * 3000, b"undecided", b"\\ud800", b"9999-12-31"),
    *(b"&a ", b"*a", b"!!int ", b"<<: ", b"? ", b"- ", b"| ", b"%s", b"at most ", b" years", b"while hold"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A shop with a plan and an exported ledger, and the example company; the process stands in it."""
    here = tmp_path_factory.mktemp("bytes")
    before = Path.cwd()
    with sqlite3.connect(here / "shop.db") as shop:
        shop.executescript(
            "CREATE TABLE canary (id INTEGER PRIMARY KEY); INSERT INTO canary VALUES (1);"
            "CREATE TABLE person (id INTEGER PRIMARY KEY, email VARCHAR(99), at TIMESTAMP);"
            f"INSERT INTO person VALUES (1, 'anna@x.example', '{LONG_AGO}')"
        )
    (here / "kept.yaml").write_text(policy(PERSON, retention=RULE), encoding="utf-8")
    (here / "video").mkdir()
    for file in VIDEO.iterdir():
        if file.suffix in {".yaml", ".csv", ".md"}:
            shutil.copy(file, here / "video")
    os.chdir(here)
    os.environ["SHOP"] = "sqlite:///shop.db"
    assert spoken("plan", "retention", "--out", "good.json").code == Exit.PENDING
    assert spoken("audit", "export", "good.jsonl").code == Exit.FINE
    yield here
    os.chdir(before)
    del os.environ["SHOP"]


@tries(12)
@given(st.data())
def test_a_spoiled_policy_is_answered(folder: Path, data: st.DataObject) -> None:
    good = (VIDEO / "kept.yaml").read_bytes()
    file = folder / "video" / "kept.yaml"
    file.write_bytes(data.draw(spoiled(good)))
    answered(spoken("check", "--policy", str(file)))


@tries(6)
@given(st.data(), st.sampled_from(["promises.csv", "policy.de.md"]))
def test_a_spoiled_register_or_prose_is_answered(folder: Path, data: st.DataObject, name: str) -> None:
    named = next(file for file in sorted(VIDEO.iterdir()) if file.suffix == Path(name).suffix)
    (folder / "video" / "kept.yaml").write_bytes((VIDEO / "kept.yaml").read_bytes())
    (folder / "video" / named.name).write_bytes(data.draw(spoiled(named.read_bytes())))
    answered(spoken("check", "--policy", str(folder / "video" / "kept.yaml")))


LAST = "9999-12-31T23:59:59+00:00"
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=9)
    | st.just("9999-12-31T23:59:59+00:00"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=3,
)


@st.composite
def reworded(draw: st.DrawFn, good: bytes) -> bytes:
    """A plan with one value replaced by any other, written as a plan is."""
    plan = json.loads(good)
    place: Any = plan
    while True:
        key = draw(st.sampled_from(list(place) if isinstance(place, dict) else range(len(place))))
        inner = place[key]
        if not isinstance(inner, dict | list) or not inner or draw(st.booleans()):
            break
        place = inner
    place[key] = draw(JSON)
    return json.dumps(plan, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode("utf-8", "surrogatepass")


@tries(25)
@given(st.data())
def test_a_spoiled_plan_is_refused_and_nothing_is_touched(folder: Path, data: st.DataObject) -> None:
    good = (folder / "good.json").read_bytes()
    bad = data.draw(spoiled(good) | reworded(good))
    assume(bad != good)
    (folder / "bad.json").write_bytes(bad)
    said = spoken("apply", "bad.json")
    answered(said)
    assert said.code in {Exit.COULD_NOT_RUN, Exit.STOPPED}
    with sqlite3.connect(folder / "shop.db") as shop:
        assert shop.execute("SELECT count(*) FROM person").fetchone() == (1,)


@tries(25)
@given(st.data())
def test_a_spoiled_ledger_never_verifies(folder: Path, data: st.DataObject) -> None:
    good = (folder / "good.jsonl").read_bytes()
    bad = data.draw(spoiled(good))
    assume(bad != good)
    (folder / "bad.jsonl").write_bytes(bad)
    said = spoken("audit", "verify", "bad.jsonl")
    answered(said)
    assert said.code == Exit.BROKEN


class Unreached(Exception):  # noqa: N818 - stands for the network
    """A server would have been asked here."""


GOOD_URLS = [
    b"postgresql://user:s3cret@127.0.0.1:5432/shop?sslmode=require",
    b"mariadb://user:s3cret@localhost/shop?unix_socket=/run/mysqld.sock",
    b"sqlite:///nowhere/shop.db?mode=ro",
]


@tries(60)
@given(st.data())
def test_a_spoiled_address_is_answered_without_its_secret(folder: Path, data: st.DataObject) -> None:
    bad = data.draw(spoiled(data.draw(st.sampled_from(GOOD_URLS)))).replace(b"\x00", b"")
    url = bad.decode("utf-8", "surrogateescape")
    assert folder == Path.cwd()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DefaultDialect, "connect", lambda *_, **__: (_ for _ in ()).throw(Unreached))
        for words in (("plan", "retention"), ("init", url)):
            said = spoken(*words, SHOP=url)
            assert said.code in DESIGNED
            assert "K199" not in said.text or "Unreached" in said.text, (url, said.text)
            assert "s3cret" not in said.text


WORDS = st.text(max_size=30) | st.text(alphabet=st.characters(categories=["Cs", "Cf", "Lu", "Zs"]), max_size=9)


@tries(25)
@given(st.lists(st.sampled_from(["email=", "", "phone=", "-", "--", "--json", "=", "email"]), max_size=3), WORDS)
def test_any_word_for_a_person_is_answered(folder: Path, starts: list[str], word: str) -> None:
    assert folder == Path.cwd()
    words = [f"{start}{word}" for start in starts]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stdin", io.StringIO(word))
        answered(spoken("find", *words))
