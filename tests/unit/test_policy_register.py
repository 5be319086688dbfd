"""The five published policies and the register of their promises, where a folder holds them (KEPT_REGISTER)."""

from __future__ import annotations

import csv
import os
import shutil
from pathlib import Path

import pytest

from kept.policy.findings import Severity
from kept.policy.keys import control_of
from kept.policy.load import Loaded, load_policy
from kept.policy.model import Citation

FOLDER = os.environ.get("KEPT_REGISTER", "")
pytestmark = pytest.mark.skipif(not FOLDER, reason="KEPT_REGISTER names no folder with policies: not run")

BUSINESSES = {"aclaro": 115, "amcs": 85, "smarte": 110, "vclerk": 157, "web1on1": 80}
"""Promises per policy."""

VALUE_MISSING = {
    *("ACL-3.4.i", "ACL-5.4.a", "ACL-7.2.b", "SMA-63", "SMA-91", "SMA-104", "SMA-108", "WEB-29", "WEB-30"),
    *("WEB-54", "WEB-64", "VCL-66", "VCL-97", "AMC-35", "AMC-66", "AMC-85"),
}
"""Promises whose very value the texts do not give."""


def rows() -> list[dict[str, str]]:
    with (Path(FOLDER) / "grammar-fit.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def promises(folder: Path, ids: list[str]) -> None:
    lines = ["id,kind,obligation", *(f"{promise},promise,-" for promise in ids)]
    (folder / "promises.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def loaded(name: str, folder: Path) -> Loaded:
    path = folder / "kept.yaml"
    shutil.copyfile(Path(FOLDER) / "policies" / f"{name}.kept.yaml", path)
    path.chmod(0o644)
    promises(folder, [row["id"] for row in rows()])
    if name == "amcs":
        mend(path)
    return load_policy(path)


def mend(path: Path) -> None:
    """One floor claims a legal obligation without its law, and an overriding interest without its test."""
    faulty = "ground: [legal-obligation, overriding-interest],"
    text = path.read_text(encoding="utf-8")
    assert text.count(faulty) == 1
    path.write_text(text.replace(faulty, f"{faulty} law: undecided, interest: undecided,"), encoding="utf-8")


@pytest.mark.parametrize("name", BUSINESSES)
def test_every_policy_loads_and_cites_each_promise_once(name: str, tmp_path: Path) -> None:
    result = loaded(name, tmp_path)
    assert [f for f in result.findings if f.severity is Severity.ERROR] == []
    assert result.policy is not None
    assert len(result.policy.citations) == BUSINESSES[name]


def test_the_one_fault_of_the_five_files_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "kept.yaml"
    shutil.copyfile(Path(FOLDER) / "policies" / "amcs.kept.yaml", path)
    promises(tmp_path, [row["id"] for row in rows()])
    assert [(f.code, f.spans[0].line) for f in load_policy(path).errors] == [("R201", 114), ("R202", 114)]


def citations(folder: Path) -> dict[str, Citation]:
    found: dict[str, Citation] = {}
    for name in BUSINESSES:
        policy = loaded(name, folder).policy
        assert policy is not None
        found |= {citation.promise: citation for citation in policy.citations}
    return found


def test_every_promise_is_bound_to_the_key_and_control_of_the_register(tmp_path: Path) -> None:
    cited = citations(tmp_path)
    expected = {row["id"]: (row["section"], row["key"], row["control_type"]) for row in rows()}
    assert {promise: (c.section, c.key, c.control) for promise, c in cited.items()} == expected


def test_every_row_of_the_register_has_the_control_of_its_key() -> None:
    wrong = [
        row for row in rows() if row["key"] != "check" and control_of(row["section"], row["key"]) != row["control_type"]
    ]
    assert wrong == []


def test_the_promises_whose_value_is_missing_are_exactly_those_counted(tmp_path: Path) -> None:
    assert {promise for promise, c in citations(tmp_path).items() if c.undecided} == VALUE_MISSING
