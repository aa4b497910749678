# Every target sets up what it needs first; `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup run test simulate chaos load check lint audit format bench lock proto clean

ARGS ?=
IN_ENV := scripts/in-env.sh

help: ## this list
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile
	@echo "  ARGS=… is handed on: make run ARGS=--once, make test ARGS='-k jid'"

setup: ## Python environment, npm packages, page bridge, browser; quick when nothing changed
	@scripts/setup.sh

run: setup ## everything on this machine: embedded servers, sandbox, gateway, and the main job shown
	@exec $(IN_ENV) pombo demo $(ARGS)

test: setup ## all tests
	@exec scripts/test.sh $(ARGS)

simulate: setup ## thousands of runs in a world where everything goes wrong; ARGS='--seed N' replays one
	@exec $(IN_ENV) python -m tests.simulation $(ARGS)

chaos: setup ## the product in traffic while everything around it is killed and cut off; SEED=n, SECONDS=180
	@exec $(IN_ENV) python -m tests.chaos --seed $(or $(SEED),1) --seconds $(or $(SECONDS),180) $(ARGS)

load: setup ## many clients, streams and a slow receiver on one gateway, two minutes; DURATION=120, CLIENTS=50
	@exec $(IN_ENV) python -m tests.load --seconds $(or $(DURATION),120) --clients $(or $(CLIENTS),50) $(ARGS)

check: setup ## everything that CI checks: style, types, layers, proto, locks, tests
	@exec scripts/check.sh

lint: setup ## the fast half of the checks: no tests
	@exec scripts/check.sh --fast

audit: setup ## known vulnerabilities in what is shipped; says so where advisories can't be reached
	@$(IN_ENV) python scripts/audit.py

format: setup ## formats Python and proto
	@$(IN_ENV) ruff check --fix --quiet
	@$(IN_ENV) ruff format
	@$(IN_ENV) buf format --write

bench: setup ## benchmark against whatsapp-web.js on the sandbox; writes benchmarks/results/
	@exec $(IN_ENV) python -m benchmarks $(ARGS)

lock: setup ## pins what requirements*.in ask for; ARGS=--upgrade takes newer versions
	@exec scripts/lock.sh $(ARGS)

proto: setup ## generates the gRPC code from proto/
	@exec $(IN_ENV) python scripts/generate_proto.py

clean: ## removes what setup, builds and tests made (not the data in .pombo/)
	rm -rf .venv .cache build dist web/node_modules web/dist src/*.egg-info \
	  .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests benchmarks scripts -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
