# A fresh machine needs Python 3.11, 3.12 or 3.13 and make. `make help` lists the targets.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup verify test test-pythons test-plain tools test-tools lint audit bench clean

# The first of this machine's interpreters that is Python 3.$(1) and can make environments; nothing if there is none.
interpreter = $(shell for python in python3.$(1) python3 python "$$HOME"/.pyenv/versions/3.$(1).*/bin/python; do \
	"$$python" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info[:2] != (3, $(1)))' >/dev/null 2>&1 \
	&& command -v "$$python" && break; done)

# The newest is the fastest.
PYTHON ?= $(firstword $(call interpreter,13) $(call interpreter,12) $(call interpreter,11))
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# Nothing of the user's may change a result: no options, plugins or configuration of theirs. `loadgroup` keeps tests that
# share something slow on one worker.
OWN := env -u PYTHONDONTWRITEBYTECODE -u PYTEST_ADDOPTS -u PYTEST_PLUGINS -u PYTEST_DISABLE_PLUGIN_AUTOLOAD -u PYTHONPATH -u PYTHONWARNINGS \
	-u COVERAGE_FILE -u COVERAGE_RCFILE -u COVERAGE_PROCESS_START
PYTEST := $(OWN) $(BIN)/python -m pytest -c pyproject.toml --rootdir .
# One worker more than CI has cores: now and then one waits, for a server or for a second to pass.
WORKERS := -n 3 --dist loadgroup
# These build, install, or judge endpoint after endpoint for minutes, by code that other tests run too: on the first Python
# and without coverage, which would make them twice as long, is enough.
# What takes longest in one piece comes first, so that no worker waits for another one in the end.
LONG := tests/e2e/test_wheel.py tests/e2e/test_readme.py tests/e2e/test_audit.py
# Without coverage: what works in processes of its own, of which it sees nothing; and what computes a great deal, which it
# would make several times as long.
APART := tests/cli/test_verify.py tests/e2e/test_serve.py tests/e2e/consumer tests/test_repository.py \
	tests/contract/test_derived.py tests/spec/lint/test_effort.py
ONCE := $(LONG) tests/contract/test_audit.py tests/contract/stateful tests/e2e/consentgrid tests/e2e/gainsight_px \
	$(filter-out $(LONG) tests/e2e/test_serve.py,$(wildcard tests/e2e/test_*.py))

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

setup: $(STAMP) ## make .venv with everything pinned; nothing is done if it is up to date

# pip up to 26.1 hands PIP_CONSTRAINT on to the environments it builds in, later ones PIP_BUILD_CONSTRAINT.
$(STAMP): pyproject.toml constraints.txt src/understudy/__init__.py
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || { \
		python="$(PYTHON)"; \
		test -n "$$python" || { echo "make: no Python 3.11, 3.12 or 3.13 that can make environments;" \
			"install one (Debian: python3 and python3-venv) or name it: make PYTHON=..." >&2; exit 1; }; \
		echo "$$python -m venv $(VENV)"; "$$python" -m venv --clear $(VENV); }
	PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt PIP_DISABLE_PIP_VERSION_CHECK=1 \
		$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

verify: $(STAMP) ## play the mocks, judge them, write reports/
	$(BIN)/understudy verify --budget 40s --report reports

test: $(STAMP) ## run all tests that need nothing but Python
	@code=0; $(BIN)/python --version; \
		$(PYTEST) -m "not tools" $(WORKERS) $(addprefix --ignore ,$(ONCE) $(APART)) \
			--cov --cov-branch --cov-report term:skip-covered || code=1; \
		$(PYTEST) -m "not tools" $(WORKERS) $(ONCE) $(APART) || code=1; exit $$code

test-pythons: $(STAMP) ## run the quick ones on the other Pythons 3.11-3.13 of this machine
	@failed=; $(foreach minor,11 12 13,$(call test_further,$(minor))) \
		test -z "$$failed" || { echo "make: tests failed on Python$$failed" >&2; exit 1; }

# Tests on Python 3.$(1), if this machine has it and $(VENV) is another, in an environment of its own and without coverage.
define test_further
python="$(call interpreter,$(1))"; \
	if test -n "$$python" && ! $(BIN)/python -c 'import sys; sys.exit(sys.version_info[1] != $(1))'; then \
		$(MAKE) --no-print-directory test-plain VENV=.venv-3.$(1) PYTHON="$$python" || failed="$$failed 3.$(1)"; fi;
endef

test-plain: $(STAMP)
	@$(BIN)/python --version
	@$(PYTEST) -m "not tools" $(WORKERS) $(addprefix --ignore ,$(ONCE))

SUDO = $(shell test "$$(id -u)" = 0 || echo sudo -n)
missing = $(shell for name in $(2); do command -v $$name >/dev/null && exit; done; echo $(1))
PACKAGES = $(call missing,wrk,wrk) $(call missing,chromium,chromium chromium-browser google-chrome) \
	$(call missing,nodejs,node) $(call missing,npm,npm)

tools: ## install what further tests need: wrk, Chromium, npm packages
	@packages="$(strip $(PACKAGES))"; test -z "$$packages" || { \
		command -v apt-get >/dev/null && $(SUDO) true 2>/dev/null || { \
			echo "make: these are missing and cannot be installed from here (no apt-get, or neither root nor sudo):" \
				"$$packages" >&2; exit 1; }; \
		$(SUDO) apt-get update -qq && $(SUDO) env DEBIAN_FRONTEND=noninteractive \
			apt-get install -qq -y --no-install-recommends $$packages; }
	@test node_modules/.package-lock.json -nt package.json || { \
		npm install --no-fund --no-audit --loglevel error && touch node_modules/.package-lock.json; }
	@wrk --version 2>&1 | sed -n 1p; node_modules/.bin/redocly --version

test-tools: $(STAMP) ## run the tests that need more than Python; `make tools` comes first
	$(PYTEST) -m tools

lint: $(STAMP) ## check style, format and types
	@code=0; $(BIN)/ruff check . || code=1; $(BIN)/ruff format --check . || code=1; $(BIN)/mypy || code=1; exit $$code

audit: $(STAMP) ## play every deviation and see whether the judge finds it; takes an hour and a half
	@mkdir -p reports
	$(BIN)/understudy audit --seed 7 --json reports/audit.json --html reports/audit.html

bench: $(STAMP) ## measure how many updates a second the mock answers
	$(OWN) $(BIN)/python tests/bench/update_rate.py

clean: ## remove everything that make has made
	rm -rf .venv .venv-3.* node_modules reports dist htmlcov .coverage .coverage.* \
		.pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src mock contracts specs tests -name __pycache__ -type d -prune -exec rm -rf {} +
