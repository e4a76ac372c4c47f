# The commands of the project; `make help` lists them.
# Everything a fresh Debian 12 with Python 3.11, git, make and root lacks is installed by `setup`.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := acd agents core db hotline ivr telephony tickets web tests

.PHONY: help setup system test-system lock run demo test chaos lint format unit integration acceptance smoke bench bench-acd bench-engine clean

help: ## show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(VENV)/.installed: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is needed (Debian: apt-get install python3.11)" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || .ci/debian-packages python3-venv
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing Python packages from requirements.lock ..."
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

setup: $(VENV)/.installed ## install Python packages into .venv

system: setup ## install Debian packages and provision Asterisk into the cache
	@.ci/debian-packages debootstrap espeak-ng sip-tester
	@$(BIN)/hotline asterisk provision

# promtool and a real Prometheus: only the tests need them.
test-system: system
	@.ci/debian-packages prometheus

lock: setup ## renew requirements.lock from pyproject.toml
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-find-links --strip-extras \
	    --extra dev -o requirements.lock pyproject.toml

run: system ## bring up the whole hotline and say how to place a call (Ctrl-C stops it)
	@exec $(BIN)/hotline run

lint: setup ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

unit: setup ## tests without any server
	$(BIN)/pytest tests/unit

integration: test-system ## tests against a real PostgreSQL or Asterisk
	$(BIN)/pytest tests/integration

acceptance: test-system ## calls through real Asterisk, PostgreSQL and SIP phones
	$(BIN)/pytest tests/acceptance

test: lint test-system ## all of it, as CI runs it
	$(BIN)/pytest tests

chaos: system ## the long rows of what must survive what; ends in "N passed, N failed"
	@$(BIN)/python -m tests.chaos

smoke: system ## 20 calls through a whole hotline on free ports in a scratch folder; ends in one line of JSON
	@$(BIN)/hotline smoke

bench-acd: system ## speed of routing, side by side with app_queue; ends in one line of JSON
	@$(BIN)/python -m tests.bench.acd

bench-engine: setup ## speed of one decision and of the intake of events, without servers; one line of JSON
	@$(BIN)/python -m tests.bench.engine

bench: bench-acd bench-engine ## every benchmark group

clean: ## remove what setup made in this folder
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis *.egg-info
