# Everything a fresh machine needs is installed by the target that needs it.
# `make demo` needs Python 3.11 or newer; `make test` also installs and uses Node (contract tests).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
REQUIREMENTS := scripts/requirements
FORGE := node_modules/@foundry-rs/forge-linux-amd64/bin/forge
PYTEST_WORKERS ?= 2
ONLY ?=
# Of `make up`: Chongqing's node, and Sichuan's at the next; the chain.
PORT ?= 8481
CHAIN_PORT ?= 8545

# Containers often set it; every one of the many processes of tests and demo would compile anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-python test-contracts lint fix contracts interfaces answers bench lock dist up clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(VENV)/.runtime ## install the product into .venv

demo: setup ## the story of four provinces, with attacks; writes build/demo/summary.json
	@$(BIN)/zhenglian demo

up: setup ## the embedded chain and the nodes of two provinces, with synthetic data, until Ctrl-C
	@$(BIN)/python -m zhenglian.neighbours --port $(PORT) --chain-port $(CHAIN_PORT)

test: test-python test-contracts ## every test, whole

# Three settings have the tests do more, for hours if one likes: ZHENGLIAN_RANDOM_KILLS=N,
# ZHENGLIAN_EVERY_SYSTEM_CALL=1, ZHENGLIAN_EVERY_MODULE_OVER_HTTP=1 (the modules that say so tell).
test-python: $(VENV)/.dev contracts/node_modules/.installed
	@sh scripts/require_tools.sh openssl
	@sh scripts/require_tools.sh postgresql
	@sh scripts/require_tools.sh strace
	@sh scripts/require_tools.sh chromium
	$(BIN)/pytest -n $(PYTEST_WORKERS) --dist loadfile --no-loadscope-reorder

test-contracts: contracts/node_modules/.installed
	cd contracts && $(FORGE) test
	cd contracts && FOUNDRY_PROFILE=precompile $(FORGE) test
	cd contracts && FOUNDRY_PROFILE=gas FORGE_SNAPSHOT_CHECK=true $(FORGE) test
	cd contracts && FOUNDRY_PROFILE=gas-precompile FORGE_SNAPSHOT_CHECK=true $(FORGE) test

lint: $(VENV)/.dev contracts/node_modules/.installed ## formats, types, imports, contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	cd contracts && node_modules/.bin/solhint --disc --noPoster --max-warnings 0 '*.sol' 'interfaces/*.sol' 'libraries/*.sol' 'types/*.sol'

fix: $(VENV)/.dev ## what can be put right by itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

contracts: $(VENV)/.dev contracts/node_modules/.installed ## artifacts, ledger/records.py, docs/errors.md
	$(BIN)/python scripts/compile_contracts.py

interfaces: $(VENV)/.dev ## docs/interfaces: OpenAPI document, metric names, error codes
	ZHENGLIAN_WRITE_INTERFACES=1 $(BIN)/pytest -q tests/node_api/test_interfaces.py

answers: $(VENV)/.dev ## the OpenAPI document's examples of answers, anew where they fit no longer
	mkdir -p build && rm -f build/answers.ndjson
	ZHENGLIAN_RECORD_ANSWERS=build/answers.ndjson $(BIN)/pytest -q \
	  --ignore tests/node_api/test_document_examples.py tests/node_api tests/e2e/test_commands_at_nodes.py
	$(BIN)/python -m tests.support.recorded_answers build/answers.ndjson
	$(MAKE) interfaces

bench: $(VENV)/.dev ## measure; ONLY=NAME for one
	$(BIN)/python -m tests.benches $(ONLY)

lock: $(VENV)/.dev ## pin and hash the dependencies anew
	@for name in runtime dev; do \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-annotate --custom-compile-command "make lock" \
	    $(REQUIREMENTS)/$$name.in -o $(REQUIREMENTS)/$$name.txt; done

dist: $(VENV)/.dev ## the archive for machines without a registry, in build/dist
	$(BIN)/python scripts/make_dist.py

clean: ## what was built, not what was installed
	rm -rf build dist contracts/out contracts/cache

$(VENV)/bin/python:
	@sh scripts/require_tools.sh python "$(PYTHON)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: $(VENV)/bin/python $(REQUIREMENTS)/runtime.txt pyproject.toml
	@echo "Installing Zhenglian into $(VENV) ..."
	@$(PIP) install --require-hashes --only-binary :all: -r $(REQUIREMENTS)/runtime.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime $(REQUIREMENTS)/dev.txt
	@echo "Installing what tests and checks need ..."
	@$(PIP) install --require-hashes --only-binary :all: -r $(REQUIREMENTS)/dev.txt
	@touch $@

contracts/node_modules/.installed: contracts/package-lock.json
	@sh scripts/require_tools.sh node
	@echo "Installing the Solidity compiler and its test tools ..."
	@cd contracts && npm ci --no-audit --no-fund --loglevel=error
	@touch $@
