# Every target sets itself up: Python 3.11 or newer, make and git are enough.
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
# Any Python can start the set-up, which then looks for one of 3.11 or newer that runs.
ANY_PYTHON := $(or $(firstword $(foreach name,python3 python3.13 python3.12 python3.11,$(shell command -v $(name)))),python3)
RUN := $(PYTHON) -m tools
ARGS ?=

.PHONY: help demo demo-reset test check smoke rooms conformance security chaos money bench full fmt lock shell setup setup-dev

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup ## Start the panel with a local Run402 sandbox; PANEL_PORT and SANDBOX_PORT choose the ports
	@exec $(RUN).demo --until-parent-ends $(ARGS)

demo-reset: setup ## Forget the demo's data
	@$(RUN).demo --reset $(ARGS)

test: setup-dev ## Run all tests (ARGS="tests/wallets" for some)
	@$(RUN).test $(ARGS)

check: setup-dev ## Style, types, room order, migrations, licences, known vulnerabilities, lock files
	@$(RUN).check $(ARGS)

smoke: setup ## Drive the whole main job over HTTP in a scratch folder
	@$(RUN).smoke $(ARGS)

rooms: setup-dev ## Walk every browser path through the running stack
	@$(RUN).rooms $(ARGS)

conformance: setup-dev ## Client and sandbox against the official SDK, x402 and a local chain (ARGS="siwx" for a part)
	@$(RUN).conformance $(ARGS)

security: setup-dev ## Permissions, leaks, fuzz, key rotation under load, tampering with the record
	@$(RUN).security $(ARGS)

chaos: setup-dev ## Kill workers, broker, database and gateway while people click (ARGS="--backend sqlite --seed 1")
	@$(RUN).chaos $(ARGS)

money: setup-dev ## Parallel spends on a small cap, killed between any two steps (ARGS="--seed 7" repeats)
	@$(RUN).money $(ARGS)

bench: setup-dev ## Run the benchmarks into benchmarks/results.json
	@$(PYTHON) -m benchmarks $(ARGS)

full: check test smoke rooms conformance security chaos money bench ## Everything there is

fmt: setup-dev ## Format code and templates
	@$(RUN).fmt

lock: setup ## Resolve the dependencies anew and export requirements*.txt
	@$(RUN).lock

shell: setup ## A Django shell on the demo's data, with web's environment
	@$(RUN).demo --shell

setup:
	@$(ANY_PYTHON) tools/bootstrap.py

setup-dev:
	@$(ANY_PYTHON) tools/bootstrap.py --dev
