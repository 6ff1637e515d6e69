# Two commands: `make run` (the main job on generated national data) and `make test`.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PARTS := dashboards/frontend/node_modules/.package-lock.json
export DBT_SEND_ANONYMOUS_USAGE_STATS := false
export GX_ANALYTICS_ENABLED := false
export DAGSTER_DISABLE_TELEMETRY := yes

.PHONY: run test setup lint types contract unit test-browser test-slow simulate test-crash bench bench-site pictures audit-deps clean help

help: ## say what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "%-14s %s\n", $$1, $$2}'

run: setup ## set up, then ingest, build, gate and publish generated national data
	@$(BIN)/phip demo

test: setup lint types contract unit ## set up, then lint, types, import contract and tests

setup: $(STAMP) $(PARTS) ## hash-locked environment and front-end parts, inside the checkout

$(STAMP): requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: $(PYTHON) was not found (set PYTHON=...)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the locked environment (a minute or two, once) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# node and npm come from the locked environment; without them the site still builds, with the Python package's
# own plotly.js, and says what is missing.
$(PARTS): $(STAMP) dashboards/frontend/package-lock.json
	@cd dashboards/frontend && PATH="$(CURDIR)/$(BIN):$$PATH" npm ci --silent --ignore-scripts \
		|| echo "Front-end parts could not be installed: pages use plainer parts, and charts have no pictures."

lint: $(STAMP) ## ruff and SQLFluff
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/sqlfluff lint --processes 2 dbt_project/models

types: $(STAMP) ## pyright, strict on our packages
	@$(BIN)/pyright

contract: $(STAMP) ## import contract of the rooms
	@$(BIN)/lint-imports

unit: $(STAMP) $(PARTS) ## every test but those that take minutes
	@$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder --durations 25 --durations-min 10

test-browser: $(STAMP) $(PARTS) ## only the tests in a real Chromium
	@$(BIN)/python -m pytest -m "browser and not slow"

test-slow: $(STAMP) $(PARTS) ## the tests that take minutes each: faults at many points, whole tables
	@$(BIN)/python -m pytest -m slow

simulate: $(STAMP) ## planted effects in 200 worlds a design: how often intervals hold them (minutes)
	@OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 -m slow tests/evaluation --durations 10

POINTS ?= 200
test-crash: $(STAMP) $(PARTS) ## kill runs at POINTS points (200); goes on where it was stopped
	@$(BIN)/python -m pytest -n 3 -m slow tests/faults/test_crash_points.py --points $(POINTS)

bench: $(STAMP) $(PARTS) ## the cost table of the README
	@$(BIN)/python -m benchmarks

bench-site: $(STAMP) $(PARTS) ## weight and speed of the current release's pages (SITE="--published FILE" for another)
	@$(BIN)/python -m benchmarks.site $(SITE)

pictures: $(STAMP) $(PARTS) ## pictures of the README, from the current release
	@$(BIN)/phip pictures --to docs

audit-deps: $(STAMP) ## known vulnerabilities of the locked dependencies, where the advisory service can be asked
	@.ci/audit-deps

clean: ## remove what set-up and runs left in the checkout
	rm -rf $(VENV) var .cache dashboards/frontend/node_modules dbt_project/target dbt_project/logs
