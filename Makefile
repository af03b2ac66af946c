# make demo · make test · make bench: each makes its own environment first.
# Needs Python 3.11 to 3.13, make and the package index.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test bench lint clean

demo: $(VENV)/program.stamp
	$(BIN)/python main.py demo

test: lint
	$(BIN)/python -m pytest

bench: $(VENV)/development.stamp
	$(BIN)/python -m pytest benchmarks --benchmark-columns=min,median,max,rounds

lint: $(VENV)/development.stamp
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/program.stamp: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed, this is %d.%d; choose one with: make PYTHON=python3.12" % sys.version_info[:2])'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	touch $@

$(VENV)/development.stamp: $(VENV)/program.stamp
	$(PIP) --editable '.[dev,train]'
	touch $@

clean:
	rm -rf $(VENV) demo-output
