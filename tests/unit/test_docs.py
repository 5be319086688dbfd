"""The documents cannot fall behind the code: verbs, keys and finding codes are all there, and no code is homeless."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from kept.app.codes import every
from kept.cli.main import VERBS
from kept.policy.keys import SECTIONS, citable

ROOT = Path(__file__).parents[2]


def _generator() -> ModuleType:
    """`docs` is no installed package, so the module is loaded from its file."""
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATOR = _generator()
REFERENCE: Path = GENERATOR.REFERENCE
PAGES: dict[str, str] = GENERATOR.pages()
HAND_WRITTEN = (
    *sorted(path.name for path in ROOT.glob("*.md")),
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md")) if path.parent != REFERENCE),
)


def _page(name: str) -> str:
    return (REFERENCE / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("name", sorted(PAGES))
def test_the_reference_is_what_the_code_says(name: str) -> None:
    assert _page(name) == PAGES[name], "run `make docs`"


def test_every_verb_is_documented() -> None:
    missing = [name for name, _ in VERBS if f"## kept {name}\n" not in _page("verbs.md")]
    assert not missing


def test_every_verb_has_a_module_and_every_command_is_a_verb() -> None:
    shared = {"__init__", "main", "options", "output", "runs", "words"}
    modules = {path.stem for path in (ROOT / "src/kept/cli").glob("*.py")} - shared
    assert modules == {name for name, _ in VERBS}


def test_every_key_of_the_policy_file_is_documented() -> None:
    lines = _page("policy-file.md").splitlines()
    for section in SECTIONS:
        named = [line.split("`")[1] for line in lines if line.startswith(f"| `{section.name}")]
        tails = {name.rsplit(".", 1)[-1].removesuffix("[]") for name in named}
        missing = {key.name for key in citable(section.name)} - tails - {"set-by"}
        assert not missing, section.name


def test_every_finding_code_is_documented() -> None:
    missing = [code for code in every() if f"## {code}: " not in _page("findings.md")]
    assert not missing


def test_every_finding_code_in_the_source_has_a_page() -> None:
    used = {
        code: path.name
        for path in (ROOT / "src").rglob("*.py")
        for code in re.findall(r'code="([A-Z]\d{3})"', path.read_text(encoding="utf-8"))
    }
    assert len(used) > 100
    assert not {code: where for code, where in used.items() if code not in every()}


@pytest.mark.parametrize("name", HAND_WRITTEN)
def test_links_between_documents_lead_somewhere(name: str) -> None:
    page = ROOT / name
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    missing = [each for each in targets if "://" not in each and not (page.parent / each).exists()]
    assert not missing


@pytest.mark.parametrize("name", HAND_WRITTEN)
def test_documents_name_only_codes_that_exist(name: str) -> None:
    named = set(re.findall(r"\b[CKLPRST][1-9]\d\d\b", (ROOT / name).read_text(encoding="utf-8")))
    assert named <= set(every())
