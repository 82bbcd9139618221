# DevCoop: `make run` sets up everything and serves a sample portfolio; `make test` proves it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STATE  ?= .state
DATA   ?=

.PHONY: help run demo token secrets test test-compose test-observe check unit week bench format lock clean
.DEFAULT_GOAL := help

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed 's/:.*## /\t/' | expand -t 12

# The stamp holds the hash of what was installed, so that a changed lock file installs again.
define install
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@want=$$(cat requirements/$(1).txt | cksum); have=$$(cat $(VENV)/.$(1) 2>/dev/null || true); \
	if [ "$$want" != "$$have" ]; then \
	  echo "Installing requirements/$(1).txt into $(VENV) ..."; \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/$(1).txt \
	  && echo "$$want" > $(VENV)/.$(1); \
	fi
endef

$(VENV)/ready-local: FORCE
	$(call install,local)
$(VENV)/ready-dev: FORCE
	$(call install,dev)
.PHONY: FORCE
FORCE:

run: $(VENV)/ready-local ## Set up, load the sample portfolio (or DATA=file.xml) and serve until Ctrl-C
	@$(BIN)/python -m deploy.local run --state $(STATE) $(if $(DATA),--data "$(DATA)")

demo: $(VENV)/ready-local ## The same on free ports with its own state, printing the summary and leaving
	@$(BIN)/python -m deploy.local demo $(if $(DATA),--data "$(DATA)")

token: ## Print a token with all roles of the system that `make run` serves
	@$(BIN)/python -m deploy.local token --state $(STATE)

secrets: $(VENV)/ready-local ## Make the secrets of an installation in secrets/, those that are missing
	@$(BIN)/python -m deploy ops secrets secrets

check: $(VENV)/ready-dev ## Lint, format, types and import directions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=client $(BIN)/lint-imports

unit: $(VENV)/ready-dev ## The tests that need no server
	$(BIN)/pytest tests/unit

test: check ## Everything that proves it, on embedded PostgreSQL and NATS
	$(BIN)/pytest -n 2 --dist loadfile --no-loadscope-reorder tests

test-compose: $(VENV)/ready-dev ## Images, Compose files and a cluster that is disturbed, on a Docker engine of its own
	@missing=$$(for each in dockerd docker docker-compose debootstrap; do command -v $$each >/dev/null || printf ' %s' $$each; done); \
	test "$$(id -u)" = 0 || missing="$$missing root"; \
	if [ -z "$$missing" ]; then $(BIN)/pytest tests/compose; \
	else echo "Skipped: there is no$$missing here (Debian: docker.io, docker-compose, debootstrap). .ci/run installs them and runs this."; fi

test-observe: $(VENV)/ready-dev ## Rules, their cases and dashboards of Prometheus, by promtool
	@if command -v promtool >/dev/null; then $(BIN)/pytest tests/observe; \
	else echo "Skipped: there is no promtool here (Debian: package prometheus). .ci/run installs it and runs this."; fi

week: $(VENV)/ready-dev ## A week of 5,000 commands of a field office, over a link that is cut every two seconds
	DEVCOOP_TEST_COMMANDS=5000 $(BIN)/pytest tests/flow/test_field_client.py

bench: $(VENV)/ready-dev ## Measure import, reads and writes beside bare baselines
	$(BIN)/python -m benchmarks

format: $(VENV)/ready-dev ## Format and mend what can be mended
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(VENV)/ready-dev ## Compile the requirements files anew from pyproject.toml (needs uv)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml -o requirements/runtime.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml --group local -c requirements/runtime.txt -o requirements/local.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate pyproject.toml --group local --group test -c requirements/runtime.txt -o requirements/dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --group image -c requirements/runtime.txt -o requirements/image.txt

clean: ## Remove the state of `make run`
	rm -rf $(STATE)
