# Every target sets up what it needs: a virtual environment in .venv, filled from pyproject.toml.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin

.PHONY: demo test test-all check check-wires fmt bench bench-page docs clean

.venv/.ready: pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3"; exit 1; }
	@echo "Setting up .venv with $(PYTHON) …"
	@$(PYTHON) -m venv .venv 2>/dev/null || { $(PYTHON) -m venv --without-pip .venv && $(PYTHON) -m pip --python .venv/bin/python install --quiet pip; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: .venv/.ready ## the main job, end to end, on this machine
	@$(BIN)/provider-runtime demo $(DEMO_OPTIONS)

test: .venv/.ready ## the whole suite
	@$(BIN)/python -m pytest -n auto --dist worksteal -m "not long"

test-all: check ## everything, long campaigns included, and three times the examples of each property
	@$(BIN)/python -m pytest -n auto --hypothesis-profile=wide

check: .venv/.ready ## formatting, lints, types, walls
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

fmt: .venv/.ready
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

check-wires: ## every proof over all wires, with what is installed; LONG=--long for the campaigns
	@$(BIN)/python scripts/check_wires.py $(LONG)

bench: .venv/.ready ## a short form of every benchmark, beside what is aimed at
	@$(BIN)/python benchmarks/page.py --quick

bench-page: .venv/.ready ## the full form, written to docs/reference/performance.md; some ten minutes
	@$(BIN)/python benchmarks/page.py --write

docs: .venv/.ready ## the documentation as a site, in build/site
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet && echo "build/site/index.html"

clean:
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis
