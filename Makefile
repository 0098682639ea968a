# What a contributor types. `make help` lists it; every target that needs tools runs `make setup` first.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-builtin-rules --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
NODE_SOURCES := $(if $(wildcard package.json),$(shell find labextension/src labextension/style labextension/schema -type f 2>/dev/null) labextension/build_widget.mjs)
NODE_CONFIG := $(wildcard package.json yarn.lock .yarnrc.yml tsconfig.json install.json)
SHARED_DATA := $(wildcard hatch_build.py) $(shell find jupyter-config ipython-config -type f 2>/dev/null)
# Of what the lock file names, this one is needed before the lock file can be read.
UV_VERSION := $(shell sed -n 's/^uv==\([^ ]*\).*/\1/p' requirements.lock)
INSTALL := $(BIN)/uv pip install --quiet --python $(BIN)/python

export UV_PROJECT_ENVIRONMENT := $(VENV)
export UV_PYTHON_DOWNLOADS := never
export UV_LINK_MODE ?= copy
export DEBIAN_FRONTEND := noninteractive
unexport VIRTUAL_ENV PYTHONPATH PYTHONHOME

.PHONY: help
help: ## list what can be typed
	@awk -F ':.*## ' '/^[a-z -]+:.*## / { printf "  make %-22s %s\n", $$1, $$2 }' Makefile

# ---------------------------------------------------------------------------------------------------------------- setup

.PHONY: setup
setup: $(STAMPS)/debian $(STAMPS)/project ## everything needed, into .venv/ (quick when nothing changed)

$(BIN)/uv:
	@if ! $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null; then
	  echo "'$(PYTHON)' is not Python 3.10 or newer: install python3, or name one with make setup PYTHON=/path/to/python3" >&2
	  exit 1
	fi
	if ! $(PYTHON) -c 'import ensurepip' 2>/dev/null && ! $(PYTHON) -m pip --version >/dev/null 2>&1; then
	  if [ "$$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
	    echo "$(PYTHON) can make no virtual environment: run 'sudo apt-get install python3-venv', then make setup again" >&2
	    exit 1
	  fi
	  echo "setup: python3-venv (Debian)"
	  apt-get -qq update && apt-get -qq install -y --no-install-recommends python3-venv >/dev/null
	fi
	echo "setup: $(VENV) with $$($(PYTHON) --version), uv $(UV_VERSION)"
	rm -rf $(VENV)
	if $(PYTHON) -c 'import ensurepip' 2>/dev/null; then
	  $(PYTHON) -m venv $(VENV)
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	else
	  $(PYTHON) -m venv --without-pip $(VENV)
	  $(PYTHON) -m pip --python $(BIN)/python install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	fi

# Python packages first, because JupyterLab brings jlpm; then the JavaScript, which the project's own installation copies.
$(STAMPS)/packages: requirements.lock | $(BIN)/uv
	@echo "setup: Python packages of requirements.lock"
	$(INSTALL) --require-hashes --no-deps -r requirements.lock
	mkdir -p $(STAMPS) && touch $@

$(STAMPS)/node: $(NODE_CONFIG) $(STAMPS)/packages
	@if [ -f package.json ]; then
	  command -v node >/dev/null || { echo "setup: needs Node 20 or newer on PATH" >&2; exit 1; }
	  echo "setup: npm packages of yarn.lock"
	  PATH="$(CURDIR)/$(BIN):$$PATH" jlpm install --immutable >$(STAMPS)/node.log 2>&1 || { cat $(STAMPS)/node.log >&2; exit 1; }
	fi
	touch $@

$(STAMPS)/labextension: $(NODE_SOURCES) $(STAMPS)/node
	@if [ -f package.json ]; then
	  echo "setup: JupyterLab extension"
	  PATH="$(CURDIR)/$(BIN):$$PATH" jlpm run build:prod >$(STAMPS)/labextension.log 2>&1 \
	    || { cat $(STAMPS)/labextension.log >&2; exit 1; }
	fi
	touch $@

$(STAMPS)/project: $(SHARED_DATA) $(STAMPS)/packages $(STAMPS)/labextension
	@echo "setup: mdeploy_lab (editable)"
	$(INSTALL) --no-deps --reinstall-package mdeploy-lab -e .
	touch $@

# A browser for the browser tests: Debian's, never one that a tool downloads.
$(STAMPS)/debian: | $(BIN)/uv
	@mkdir -p $(STAMPS)
	if ! command -v chromium >/dev/null; then
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	    echo "setup: chromium (Debian)"
	    apt-get -qq update && apt-get -qq install -y --no-install-recommends chromium >/dev/null
	  else
	    echo "setup: no chromium: browser tests will be skipped (sudo apt-get install chromium)" >&2
	    exit 0
	  fi
	fi
	touch $@

.PHONY: lock
lock: | $(BIN)/uv ## renew requirements.lock after a change of dependencies (UPGRADE=1: newest versions)
	@$(BIN)/uv pip compile pyproject.toml --quiet --no-config --python $(BIN)/python --extra lab --group test \
	  --universal --python-version 3.10 --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  $(if $(UPGRADE),--upgrade) -o requirements.lock

# ------------------------------------------------------------------------------------------------------------------ use

.PHONY: lab
lab: setup ## JupyterLab on the quick-start notebook, with the embedded engine
	@exec $(BIN)/jupyter lab $(if $(filter 0,$(shell id -u)),--allow-root) $(LAB_ARGS) notebooks/quickstart.ipynb

.PHONY: cluster cluster-down
cluster cluster-down: ## a Kubernetes cluster of this machine's own (not yet)
	@echo "make $@ comes with the Kubernetes engine; until then everything runs on this machine: make lab"

# ---------------------------------------------------------------------------------------------------------------- check

.PHONY: lint
lint: setup ## ruff, mypy, import contracts, and the JavaScript's checks
	@failed=()
	check() { echo "lint: $$*"; PATH="$(CURDIR)/$(BIN):$$PATH" "$$@" || failed+=("$$1 $${2:-}"); }
	check ruff check --quiet
	check ruff format --check --quiet
	check lint-imports --no-logo
	check mypy
	if [ -f package.json ]; then
	  check jlpm run lint:check
	  check jlpm run test
	fi
	[ $${#failed[@]} -eq 0 ] || { echo "lint failed: $$(IFS=,; echo "$${failed[*]}")" >&2; exit 1; }

# Tests mostly wait for processes, so a few more workers than cores; a file's tests stay together.
WORKERS ?= 3

# The checks run beside the tests: on two cores they cost nothing extra. Their output comes when they end, or fail.
define run_tests
	@mkdir -p .cache
	$(MAKE) lint >.cache/lint.log 2>&1 & lint=$$!
	status=0
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest $(1) -n $(WORKERS) --dist loadfile --durations 15 $(ARGS) || status=$$?
	if wait $$lint; then echo "lint passed"; else cat .cache/lint.log >&2; status=1; fi
	exit $$status
endef

.PHONY: test
test: setup ## all checks and all tests but the slow ones (ARGS='tests/store -k name' for some)
	$(call run_tests,-m "not slow")

.PHONY: test-all
test-all: setup ## the slow ones too
	$(call run_tests,)

.PHONY: bench
bench: setup ## measure, print the tables, renew docs/benchmarks.md (ARGS=jupyter for one part)
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: docs
docs: setup ## renew the generated parts of docs/reference.md
	@$(BIN)/python docs/generate.py

.PHONY: screens
screens: setup ## take the pictures of docs/images (ARGS='grid logs' for some; needs chromium)
	@$(BIN)/python docs/screens.py $(ARGS)

.PHONY: clean
clean: ## remove what can be made again, but not .venv/
	rm -rf .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage* build dist lib mdeploy_lab/labextension
	rm -f *.tsbuildinfo $(STAMPS)/labextension
	find mdeploy_lab tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
