"""What `kept find` and `kept explain` say of a person: outcome by outcome, in both languages, on 80 columns."""

from __future__ import annotations

import pytest

from kept.app.looking import Found, Rows
from kept.cli.explain import show_found
from kept.cli.find import _show, nobody
from kept.decide.plan import Reason
from kept.law.terms import Ground
from kept.texts import LANGUAGES, Lang, known


def rows(table: str, n: int, action: str, *reasons: Reason, until: str | None = None, shared: bool = False) -> Rows:
    kinds = tuple(reason.kind for reason in reasons)
    return Rows(
        system="shop", table=table, kinds=kinds, rows=n, action=action, reasons=reasons, until=until, shared=shared
    )


FOUND = Found(
    people=1,
    tables_searched=8,
    rows=(
        rows("account_user", 1, "delete", Reason(kind="account", outcome="delete", because=("granted",))),
        rows("log", 1200, "delete", Reason(kind="log", outcome="delete", because=("granted",))),
        rows("account", 1, "keep", shared=True),
        rows(
            "invoice",
            6,
            "keep",
            Reason(
                kind="invoice",
                outcome="keep",
                because=("invoice",),
                grounds=("legal-obligation",),
                law="§ 147 AO",
                withheld="delete",
            ),
            until="2034-12-31",
        ),
        rows("note", 2, "keep", Reason(kind="note", outcome="keep")),
    ),
)


def test_outcomes_stand_apart_and_what_stays_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    show_found(FOUND, "en")
    assert capsys.readouterr().out == (
        "If an erasure were granted:\n"
        "\n"
        "  1,201 rows would be deleted\n"
        "    shop.account_user      1  account\n"
        "    shop.log           1,200  log\n"
        "\n"
        "  9 rows would stay, because\n"
        "    shop.account  1  it belongs to other people too, who remain\n"
        "    shop.invoice  6  invoice: the rule “invoice” keeps it (legal obligation, §\n"
        "                     147 AO); until 31 December 2034\n"
        "    shop.note     2  note: not due\n"
    )


def test_german_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    show_found(FOUND, "de")
    said = " ".join(capsys.readouterr().out.split())
    for part in (
        "gelöscht würden 1.201 Zeilen",
        "(gesetzliche Pflicht, § 147 AO); bis 31. Dezember 2034",
        "nicht fällig",
    ):
        assert part in said


@pytest.mark.parametrize("lang", LANGUAGES)
def test_no_line_is_wider_than_the_terminal(
    lang: Lang, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for width in (60, 80, 120):
        monkeypatch.setenv("COLUMNS", str(width))
        show_found(FOUND, lang)
        assert max(map(len, capsys.readouterr().out.splitlines())) <= width


def test_find_adds_up_the_rows_of_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    _show(Found(people=1, tables_searched=8, rows=(*FOUND.rows[:2], FOUND.rows[1])), "en")
    assert capsys.readouterr().out == (
        "2,401 rows in 2 tables belong to 1 record of a person.\n"
        "\n"
        "  shop.account_user      1  account\n"
        "  shop.log           2,400  log\n"
    )


def test_nobody_is_said_with_the_reason_to_believe_it(capsys: pytest.CaptureFixture[str]) -> None:
    nobody(FOUND, "en")
    assert capsys.readouterr().out == "Nobody found by these identifiers in 8 tables; every canary was found.\n"


@pytest.mark.parametrize("ground", [*Ground, "none"])
def test_every_ground_has_its_words(ground: str) -> None:
    assert known(f"ground.{ground}")
