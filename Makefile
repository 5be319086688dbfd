# Two commands: `make demo` and `make test`. Both do all set-up; both are quick the second time.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= auto

.PHONY: demo test lint test-unit test-integration test-browser test-crash test-deep bench docs clean setup

demo: $(VENV)/run.done
	@$(BIN)/kept demo

test: $(VENV)/dev.done lint
	@$(BIN)/python -m tests.rings test

lint: $(VENV)/dev.done
	@$(BIN)/ruff check --quiet src tests bench examples
	@$(BIN)/ruff format --quiet --check src tests bench examples
	@$(BIN)/mypy --no-error-summary
	@PYTHONPATH=src $(BIN)/lint-imports --no-cache >/dev/null || PYTHONPATH=src $(BIN)/lint-imports --no-cache

test-unit: $(VENV)/dev.done
	@$(BIN)/pytest -q tests/unit tests/property

test-integration: $(VENV)/dev.done
	@$(BIN)/pytest -q tests/integration tests/acceptance

test-browser: $(VENV)/dev.done
	@$(BIN)/pytest -q tests/browser

test-crash: $(VENV)/dev.done
	@KEPT_CRASHES=$${KEPT_CRASHES:-100} $(BIN)/pytest -q tests/crash

test-deep: $(VENV)/dev.done
	@KEPT_DEEP=1 $(BIN)/pytest -q -m "deep or not deep" tests/property tests/acceptance/test_bad_bytes.py
	@KEPT_CASES=$${KEPT_CASES:-20000} $(BIN)/pytest -q tests/oracle
	@for dialect in postgresql mariadb; do KEPT_DIALECT=$$dialect KEPT_CASES=$${KEPT_CASES:-2000} $(BIN)/pytest -q tests/oracle || exit 1; done

bench: $(VENV)/dev.done
	@$(BIN)/python -m bench.run

docs: $(VENV)/dev.done
	@$(BIN)/python -m docs.generate

setup: $(VENV)/dev.done

$(VENV)/bin/python:
	@command -v $(PYTHON) >/dev/null 2>&1 || { echo "missing: $(PYTHON). Install Python 3.11 or newer, or set PYTHON=…"; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "missing: Python 3.11 or newer ($(PYTHON) is older); set PYTHON=…"; exit 2; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "missing: the venv module of $(PYTHON) (on Debian: apt install python3-venv)"; exit 2; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/run.done: requirements/run.txt pyproject.toml | $(VENV)/bin/python
	@if [ ! -e $(VENV)/dev.done ] || [ requirements/run.txt -nt $(VENV)/dev.done ]; then \
	  echo "setting up (once)…"; $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt; fi
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.done: requirements/dev.txt pyproject.toml | $(VENV)/bin/python
	@echo "setting up for development (once)…"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/run.done

clean:
	rm -rf $(VENV) kept-demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
