# Every command of the project; `make` alone lists them.
SHELL := /bin/bash
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: chaos help run test check fix bench assets screenshots lock reference clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## Install what is missing, then serve the product and two demo shops (PORT=8080, and the two after it)
	@scripts/run.sh

test: ## Everything: checks, unit, contract, flow and browser tests (installs browsers and databases)
	@scripts/test.sh

check: ## Style, types, import contracts and the quick tests, under a minute
	@scripts/check.sh

fix: ## Let the formatters put right what they can
	@scripts/bootstrap.sh check
	@.venv/bin/ruff check --quiet --fix . ; .venv/bin/ruff format --quiet .
	@npm run --silent --if-present fix

bench: ## Measure, beside peers: CPU per leg, click to first packet, end of speech to first audio, bytes, requests and webhooks a second
	@scripts/bench.sh

chaos: ## Kill the server under 20 storms of 500 calls, and what it leans on; nothing may be lost (an hour; hours on a busy machine)
	@scripts/bootstrap.sh test
	@.venv/bin/pytest tests/chaos --whole

assets: ## Build the widget and the pages' assets into static/dist
	@scripts/bootstrap.sh run
	@.venv/bin/python -m server.web.assets build

screenshots: ## Take the README's pictures from a running `make run` (URL=http://localhost:8080)
	@scripts/bootstrap.sh test
	@.venv/bin/python scripts/screenshots.py $(or $(URL),http://localhost:8080)

lock: ## Resolve the Python dependencies anew (UPGRADE=1: take newer versions)
	@scripts/lock.sh $(if $(UPGRADE),--upgrade)

reference: ## Write the generated pages of docs/reference
	@.venv/bin/python scripts/reference.py

clean: ## Remove what was installed and built here; data in var/ stays
	rm -rf .venv node_modules static/dist .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis test-results
