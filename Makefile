# make app       set up and open the app on a demo study
# make test      set up and run the tests (about 20 minutes)
# make test-all  the slow and the browser tests too
# make install-check  install into an empty environment, use it from there
# make check     format, lint, types and import rules
# make docs      the pages of docs/, into build/docs

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
STUDIES ?= studies
TWO = -n 2 --dist loadfile

.PHONY: app test test-all install-check check docs format clean

app: $(VENV)/.app
	@test -f $(STUDIES)/demo/study.json || $(BIN)/python -m clam_core demo $(STUDIES)/demo
	@echo "The app opens in your browser; its address follows. Stop it with Ctrl-C."
	CLAM_STUDIES=$(STUDIES) $(BIN)/streamlit run app.py

test: $(VENV)/.dev
	$(BIN)/python -m pytest $(TWO)

test-all: $(VENV)/.dev
	$(BIN)/python -m pytest $(TWO) -m "slow or browser or not slow"

install-check:
	PYTHON=$(PYTHON) .ci/install-check

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -W --keep-going -q docs build/docs
	@echo "Open build/docs/index.html"

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.app: $(VENV)/bin/python requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.app requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@

$(VENV)/.docs: $(VENV)/.app docs/requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r docs/requirements.txt
	@touch $@

clean:
	rm -rf $(VENV) build/docs .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
