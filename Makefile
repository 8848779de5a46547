# Two commands for a stranger: `make demo` and `make test`. Each does all of its own set-up.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin

.DEFAULT_GOAL := help

.PHONY: help
help: ## list what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

.PHONY: check
check: $(VENV)/.dev ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

.PHONY: test
test: $(VENV)/.dev tools ## all tests, against a real broker and real serial lines
	$(BIN)/pytest -n 2

.PHONY: soak
soak: $(VENV)/.dev tools ## the long tests: hundreds of kills and power cuts, every flipped byte (an hour or so)
	$(BIN)/pytest -m soak

.PHONY: bench
bench: $(VENV)/.dev ## figures, as ratios measured in one run
	$(BIN)/python -m tests.bench.bus
	$(BIN)/python -m tests.bench.store

.PHONY: demo
demo: $(VENV)/.demo ## a simulated station, the whole way, with a live table; Ctrl-C or SECONDS=20 ends it
	@$(BIN)/aryk demo $(if $(SECONDS),--seconds $(SECONDS))

.PHONY: docs
docs: $(VENV)/.dev ## make the pages that are made from data: docs/devices.md
	$(BIN)/aryk devices --markdown > docs/devices.md

.PHONY: format
format: $(VENV)/.dev ## put the code into its form
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# pip takes only what stands in the lock files, by hash; hatchling, which builds the editable
# installation, is in them too, so nothing is fetched that isn't locked.
$(VENV)/.dev: requirements/dev.txt pyproject.toml
	@$(MAKE) --no-print-directory environment LOCK=requirements/dev.txt
	@touch $@

# The packages of .dev hold those of .demo.
$(VENV)/.demo: requirements/demo.txt pyproject.toml
	@if test -e $(VENV)/.dev; then $(MAKE) --no-print-directory $(VENV)/.dev; else \
	  $(MAKE) --no-print-directory environment LOCK=requirements/demo.txt; fi
	@touch $@

# A virtual environment that Debian couldn't finish has a python, but no pip.
.PHONY: environment
environment:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "aryk needs Python 3.11 or newer; this is $$($(PYTHON) --version). Say which: make PYTHON=python3.12 ..." >&2; exit 1; }
	@test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV) || \
	  { echo "Python can't make a virtual environment. Install it with: sudo apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing the locked Python packages of $(LOCK), which aryk needs, into $(VENV)/ (nothing outside of it is touched)."
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCK)
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .

# A user who isn't root may lack /usr/sbin in PATH, where two of them live.
.PHONY: tools
tools:
	@has() { command -v "$$1" >/dev/null || test -x "/usr/sbin/$$1"; }; \
	need() { echo "Installing the Debian package $$1: $$2."; missing="$$missing $$1"; }; \
	has mosquitto || need mosquitto "the tests publish to a real MQTT broker"; \
	has mosquitto_sub || need mosquitto-clients "the tests audit what mosquitto_sub has recorded"; \
	if test "$$(id -u)" = 0; then \
	  has ip && has tc || need iproute2 "as root, the tests make networks of their own"; \
	  has nft || need nftables "as root, the tests lose packets in networks of their own"; \
	fi; \
	test -z "$$missing" || { SUDO=$$(test "$$(id -u)" = 0 || echo sudo); \
	  $$SUDO apt-get update -q >/dev/null && \
	  $$SUDO apt-get install -q -y --no-install-recommends $$missing >/dev/null; }

.PHONY: lock
lock: ## resolve the dependencies anew (needs uv)
	@compile() { uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-annotate --no-header pyproject.toml "$$@" >/dev/null; }; \
	compile -o requirements/agent.txt && \
	compile --extra demo --group build -c requirements/agent.txt -o requirements/demo.txt && \
	compile --extra demo --group dev -c requirements/demo.txt -o requirements/dev.txt

.PHONY: clean
clean: ## take away what the other commands made
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache dist
