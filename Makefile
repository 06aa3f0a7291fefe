# Works from a clone on a machine with Python 3.11 or newer: every target first makes .venv where it is missing or out of date.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

READY := .venv/.ready
RUN := .venv/bin
QUESTION := Does quitting smoking make people gain weight?

# Two test workers share the cores; a threaded BLAS under them only makes both slower, and sums in another order.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1
# Imports take four times as long where no bytecode may be kept.
unexport PYTHONDONTWRITEBYTECODE
# Another environment's settings must not leak into this one.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

.PHONY: help
help:  ## Show this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(READY)  ## Make .venv with everything locked, and the project in it (other targets do this by themselves)

$(READY): pyproject.toml requirements.lock
	@bash tools/setup.sh
	@touch $@

.PHONY: demo
demo: $(READY)  ## Answer a question about real data from a recording: no key, no network
	@$(RUN)/pyllm-causal ask "$(QUESTION)" --data fixtures/data/nhefs.csv \
	    --describe @fixtures/data/nhefs.describe.txt --replay fixtures/recordings/nhefs_weight

.PHONY: test
test: $(READY)  ## Run the tests (no network; minutes)
	$(RUN)/pytest -q -n 2 --dist worksteal

.PHONY: test-live
test-live: $(READY)  ## A real model on this machine: make test-live GGUF=FILE.gguf, or BASE=URL NAME=openai/NAME
	$(if $(GGUF),PYLLM_CAUSAL_TEST_GGUF="$(GGUF)") $(if $(BASE),PYLLM_CAUSAL_TEST_API_BASE="$(BASE)") $(if $(NAME),PYLLM_CAUSAL_TEST_MODEL="$(NAME)") \
	    $(RUN)/pytest -q -n 0 -m live -rs tests/live

.PHONY: eval
eval: $(READY)  ## Hold a reader against a question file: MODEL=… [BASE=URL] [QUESTIONS=FILE] [RECORD=DIR]
	$(RUN)/python -m tests.eval $(or $(QUESTIONS),fixtures/questions/fresh.json) --model $(or $(MODEL),none) \
	    $(if $(BASE),--api-base $(BASE)) $(if $(RECORD),--record $(RECORD))

.PHONY: export-check
export-check: $(READY)  ## Run the exported script of every case by itself: [CASES=DIR of <id>.csv and <id>.json]
	$(RUN)/python -m tests.export $(CASES)

.PHONY: coverage
coverage: $(READY)  ## Run the tests with branch coverage; fails under 90%
	$(RUN)/pytest -q -n 2 --dist worksteal --cov --cov-report=term

.PHONY: lint
lint: $(READY)  ## Check style and formatting (ruff)
	$(RUN)/ruff check .
	$(RUN)/ruff format --check .

.PHONY: format
format: $(READY)  ## Fix style and formatting (ruff)
	$(RUN)/ruff check --fix .
	$(RUN)/ruff format .

.PHONY: types
types: $(READY)  ## Check types (mypy --strict)
	$(RUN)/mypy --strict

.PHONY: imports
imports: $(READY)  ## Check that the layers import downwards only (import-linter)
	$(RUN)/lint-imports

.PHONY: wheel
wheel: $(READY)  ## Build the wheel into dist/
	rm -rf dist
	$(RUN)/python -m build --wheel --no-isolation --outdir dist . >/dev/null
	@ls dist/*.whl

.PHONY: docs
docs: $(READY)  ## Build the documents as a site into site/ (no network)
	NO_MKDOCS_2_WARNING=1 $(RUN)/mkdocs build --strict --quiet
	@echo site/index.html

.PHONY: docs-update
docs-update: $(READY)  ## Write docs/reference and the output shown in README and docs anew; look at the difference before committing it
	$(RUN)/python -m tools.reference
	$(RUN)/python -m tools.documents

.PHONY: check
check: lint types imports coverage wheel  ## The gate: style, types, layers, tests with coverage, wheel and its prompts

.PHONY: statistical
statistical: $(READY)  ## Monte-Carlo goals of the estimators (long; resumes where it stopped)
	$(RUN)/pytest -q -n 2 --dist worksteal -m statistical tests/statistical

.PHONY: contest
contest: $(READY)  ## Wrong and right pictures held against their tables; writes docs/contest.md; exit 1 when a goal is missed (minutes)
	@$(RUN)/python -m tests.statistical.contest_table > docs/contest.md.new && s=0 || s=$$?; mv docs/contest.md.new docs/contest.md; cat docs/contest.md; exit $$s

.PHONY: sites
sites: $(READY)  ## Directions from several sites on simulated worlds; writes docs/sites.md; exit 1 when a goal is missed (minutes)
	@$(RUN)/python -W ignore -m tests.statistical.sites_table > docs/sites.md.new && s=0 || s=$$?; mv docs/sites.md.new docs/sites.md; cat docs/sites.md; exit $$s

.PHONY: truth-table
truth-table: $(READY)  ## Write docs/truth_table.md: where we and plain DoWhy are right on the same simulated worlds
	@$(RUN)/python -m benchmarks.truth_table > docs/truth_table.md.new && mv docs/truth_table.md.new docs/truth_table.md && cat docs/truth_table.md

.PHONY: golden
golden: $(READY)  ## Write the golden numbers and the chat's transcripts anew; look at the difference before committing it
	$(RUN)/python -m tests.golden.record
	$(RUN)/python -m tests.cli.chat.conversations

.PHONY: bench
bench: $(READY)  ## Measure start-up and a replayed answer; exit 1 when a goal is missed
	$(RUN)/python benchmarks/startup.py

.PHONY: bench-refute
bench-refute: $(READY)  ## Time six checks against plain DoWhy's; writes docs/refute_benchmark.md; exit 1 when a goal is missed
	@$(RUN)/python -m benchmarks.refute > docs/refute_benchmark.md.new && s=0 || s=$$?; mv docs/refute_benchmark.md.new docs/refute_benchmark.md; cat docs/refute_benchmark.md; exit $$s

.PHONY: bench-checks
bench-checks: $(READY)  ## What all checks add to a replayed answer; exit 1 when it is more than half
	@$(RUN)/python -m benchmarks.checks

.PHONY: bench-discovery
bench-discovery: $(READY)  ## Our search beside causal-learn's on simulated tables; writes docs/discovery_benchmark.md; exit 1 on a miss (an hour; resumes)
	@$(RUN)/python -W ignore -m benchmarks.discovery > docs/discovery_benchmark.md.new && s=0 || s=$$?; mv docs/discovery_benchmark.md.new docs/discovery_benchmark.md; cat docs/discovery_benchmark.md; exit $$s

.PHONY: bench-sachs
bench-sachs: $(READY)  ## Our search on Sachs' cells beside published results; needs DATA=cyto_full_data.csv (from cdt); writes docs/sachs.md
	@$(RUN)/python -W ignore -m benchmarks.sachs "$(DATA)" > docs/sachs.md.new && mv docs/sachs.md.new docs/sachs.md && cat docs/sachs.md

.PHONY: calibrate
calibrate: $(READY)  ## Checks and certainty on simulated worlds, sound and broken; writes docs/calibration.md; exit 1 on a miss (long; resumes)
	@$(RUN)/python -m tests.calibration --resume --write docs/calibration.md

.PHONY: report-check
report-check: $(READY)  ## Open a report of every design in headless Chromium: console, requests, accessibility (OUT=DIR keeps pictures)
	@$(RUN)/python -m tools.report_check $(OUT)

.PHONY: lock
lock: $(READY)  ## Resolve requirements.lock anew from pyproject.toml
	"$$(command -v uv || ls .bootstrap/bin/uv .venv/bin/uv 2>/dev/null | head -n 1)" pip compile pyproject.toml --all-extras --universal --python-version 3.11 \
	    --no-emit-index-url --no-emit-find-links --no-header --quiet --output-file requirements.lock

.PHONY: clean
clean:  ## Remove everything that was built, .venv included
	rm -rf .venv .bootstrap dist build site .coverage .coverage.* htmlcov .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find pyllm_causal tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
