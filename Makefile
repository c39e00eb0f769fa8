# Every target sets up .venv by itself when it is missing or older than the lock file.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Python must keep what it compiles: without, every process spends 10 s more on importing torch.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= $(shell command -v python3.11 || command -v python3)
PORT ?= 8000
ARGS ?=
TEST_WORKERS ?= 2
SECONDS ?= 300
ROUNDS ?= 60

VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
UV_VERSION := $(shell sed -n 's/^uv==\([0-9.]*\).*/\1/p' requirements.lock)
PYTEST := $(BIN)/python -m pytest

.PHONY: help setup demo test check audit postgres browser slow chaos fuzz bench lock clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(MAKEFILE_LIST) | expand -t 18

$(READY): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed and was not found." >&2; exit 1; }
	@echo "Setting up $(VENV) (about a minute, 6 GB) …"
	@rm -f $(READY)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	@UV_LINK_MODE=$${UV_LINK_MODE:-hardlink} $(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $(READY)

setup: $(READY) ## install everything into .venv

demo: $(READY) ## the whole platform on this machine: PORT=8000, ARGS=--once to stop when the board is full
	@STYLEARENA_MODE=demo PORT=$(PORT) exec $(BIN)/python manage.py demo $(ARGS)

test: $(READY) ## the default test suite
	@$(PYTEST) -n $(TEST_WORKERS) --dist loadfile $(ARGS)

slow: $(READY) ## the tests that take long
	@$(PYTEST) -m slow -n $(TEST_WORKERS) --dist loadfile $(ARGS)

postgres: $(READY) ## the tests of the site again, on a PostgreSQL of their own (needs postgresql)
	@PYTHONPATH=.:platform $(BIN)/python -m tests.postgres \
	  $(PYTEST) tests/web -n $(TEST_WORKERS) --dist loadfile $(ARGS)

browser: $(READY) ## drive a real Chromium through the site (needs chromium)
	@$(PYTEST) -m browser $(ARGS)

chaos: $(READY) ## kill processes in the middle of their work: ROUNDS=60 (needs postgresql)
	@PYTHONPATH=.:platform $(BIN)/python -m tests.chaos --rounds $(ROUNDS) $(ARGS)
	@$(PYTEST) -m chaos

fuzz: $(READY) ## fuzz what strangers hand in, under libFuzzer: SECONDS=300 for each target
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS) $(ARGS)

bench: $(READY) ## measure; prints `figure NAME VALUE UNIT` lines and writes figures.json
	@$(BIN)/python -m tests.bench $(ARGS)

audit: $(READY) ## look up known vulnerabilities of what requirements.lock pins
	@$(BIN)/python -m tests.audit

check: export STYLEARENA_MODE = test
check: $(READY) ## lint, types, import contracts, deployment check, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djlint --check --lint --quiet platform/stylearena/templates
	$(BIN)/mypy evaluator baselines platform manage.py
	$(BIN)/lint-imports
	$(BIN)/python -m tests.audit
	STYLEARENA_DATABASE_URL=sqlite://:memory: $(BIN)/python manage.py makemigrations --check --dry-run
	STYLEARENA_MODE=production \
	  STYLEARENA_SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(50))') \
	  STYLEARENA_ALLOWED_HOSTS=arena.example.org STYLEARENA_DATABASE_URL=postgres://arena@127.0.0.1/arena \
	  STYLEARENA_REDIS_URL=redis://127.0.0.1:6379/0 \
	  $(BIN)/python manage.py check --deploy --fail-level WARNING

lock: $(READY) ## resolve requirements.lock anew from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --extra site --group dev --python-version 3.11 --universal \
	  --no-header --generate-hashes --upgrade --quiet --output-file requirements.lock

clean: ## remove .venv and everything the demo made
	rm -rf $(VENV) var build *.egg-info
