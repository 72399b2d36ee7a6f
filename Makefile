# Everything a person does here is a target of this file; `make` alone lists them.
# The machine needs Python 3.11 or later (with its venv module) and make; the rest goes into .venv.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

BIN := .venv/bin
CATALOGUES := $(patsubst %.po,%.mo,$(wildcard jiwar/locale/*/LC_MESSAGES/*.po))
# The first Python that is new enough and can make an environment; PYTHON=... overrides.
PYTHONS := python3.11 python3.12 python3.13 python3.14 python3
PYTHON ?= $(shell for p in $(PYTHONS); do \
	$$p -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
ROOM ?=
ARGS ?=

.PHONY: help
help: ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# --- run -------------------------------------------------------------------------------------------------------------

.PHONY: demo
demo: .venv/installed locale ## Start Libya, Niger, Tunisia and a post of Niger on this machine (Ctrl-C ends them)
	@$(BIN)/jiwar demo

.PHONY: demo-reset
demo-reset: ## Throw the demo's data away and start it anew
	rm -rf demo-data
	@$(MAKE) --no-print-directory demo

.PHONY: run
run: .venv/installed locale ## Start one node for real use; the first start sets it up and says what to do next
	@$(BIN)/jiwar up

# --- prove -----------------------------------------------------------------------------------------------------------

.PHONY: test
test: .venv/installed-dev locale ## Run the test suite on SQLite and on PostgreSQL (ARGS='-k name' narrows it)
	@$(BIN)/python -m tests $(ARGS)

.PHONY: test-all
test-all: .venv/installed-dev locale ## Run the slow tests as well
	@$(BIN)/python -m tests --slow $(ARGS)

.PHONY: check
check: .venv/installed-dev locale ## Check style, types, who imports whom, migrations and the house rules
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy jiwar
	$(BIN)/lint-imports
	$(BIN)/python -m tests.setup

.PHONY: bench
bench: .venv/installed-dev locale ## Measure, beside peers; prints a table, writes bench/results/latest.json (ROOM=exchange: one room)
	@$(BIN)/python -m bench $(ROOM)

# --- keep up ---------------------------------------------------------------------------------------------------------

.PHONY: lock
lock: .venv/installed-dev ## Pin the requirement files anew from the .in files
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-strip-extras --upgrade \
		requirements.in -o requirements.txt
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-strip-extras --upgrade \
		requirements-dev.in -o requirements-dev.txt

.PHONY: messages
messages: .venv/installed-dev ## Bring the catalogues up to date with the texts of the program, for translators
	$(BIN)/python -m tests.setup.messages

.PHONY: locale
locale: $(CATALOGUES) ## Compile the translations

.PHONY: clean
clean: ## Remove what can be made again (the environment, caches, compiled catalogues), never a node's data
	rm -rf .venv bench/.envs .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage* htmlcov \
		build *.egg-info
	find jiwar -name '*.mo' -delete

%.mo: %.po | .venv/installed
	$(BIN)/pybabel --quiet compile --input-file $< --output-file $@

# pip, not a faster installer: it is in every environment and follows the machine's own configuration of the index.
# The stamps are remade when what they stand for changes.
.venv/installed: requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Jiwar needs Python 3.11 or later with its venv module, and found none." >&2; \
		echo "Install one (on Debian 12: apt-get install python3-venv) or name one: make PYTHON=/path/to/python" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/installed-dev: requirements-dev.txt .venv/installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@
