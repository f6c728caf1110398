# Every target sets up what it needs: a virtual environment in .venv, rebuilt when pyproject.toml changes.
.DEFAULT_GOAL := help
.PHONY: help install demo test check evals evals-quick fuzz soak format clean distclean

SHELL := /bin/bash
VENV := .venv
RUN := $(VENV)/bin/python
STAMP := $(VENV)/.installed
PYTEST_ARGS ?= -n 2

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 18

install: $(STAMP) ## create .venv with vidette, the local model and the development tools

demo: $(STAMP) ## make a clip with known defects, check it, and write a report
	@$(RUN) -m evals.demo demo-out

test: $(STAMP) ## run every test
	@bash scripts/servers.sh
	@$(RUN) -m pytest $(PYTEST_ARGS)

check: $(STAMP) ## lint, format, types, layers: what CI runs beside the tests
	@$(RUN) -m ruff check .
	@$(RUN) -m ruff format --check .
	@$(RUN) -m mypy
	@$(VENV)/bin/lint-imports

evals: $(STAMP) ## measure every check against injected defects (twenty minutes the first time), and triage
	@$(RUN) -m evals detect --split all --hour --out evals-out --gate
	@$(RUN) -m evals triage --split test --out evals-out --gate
	@$(RUN) -m evals security --out evals-out --gate
	@$(RUN) -m evals chat --out evals-out --gate

evals-quick: $(STAMP) ## the subset of the evals that CI runs
	@$(RUN) -m evals detect --quick --gate
	@$(RUN) -m evals triage --backend rules --quick --gate
	@$(RUN) -m evals chat --quick --gate

fuzz: $(STAMP) ## a minute of nonsense for a running service (MINUTES=20 for longer)
	@$(RUN) -m scripts.fuzz --minutes $(or $(MINUTES),1)

soak: $(STAMP) ## kill workers and the service under load, on both databases: is anything lost? (half an hour)
	@$(RUN) -m scripts.soak
	@$(RUN) -m scripts.soak --postgres

format: $(STAMP) ## put the code into its format
	@$(RUN) -m ruff check --fix .
	@$(RUN) -m ruff format .

clean: ## remove what the targets made, but not .venv
	rm -rf demo-out evals-out build dist .pytest_cache .ruff_cache .mypy_cache .import_linter_cache .coverage .hypothesis
	find agent pipeline prompts evals tests -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## remove .venv too
	rm -rf $(VENV)

$(STAMP): pyproject.toml scripts/install.sh
	@bash scripts/install.sh $(VENV)
	@touch $@
