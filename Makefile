# make repro builds the dataset and the model, make test runs the tests; both set up what they need first.
# A second call sets nothing up again.

VENV := .venv
PYTHONS := python3 python3.12 python3.11
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: repro test setup lint
repro: setup
	dvc repro

test: setup
	ruff check
	ruff format --check
	python -m pytest

lint: setup
	ruff check --fix
	ruff format

setup: $(VENV)/installed $(VENV)/fluidsynth

$(VENV)/installed: pyproject.toml constraints.txt | $(VENV)/bin/pip
	pip install --quiet --constraint constraints.txt --editable '.[test]'
	touch $@

$(VENV)/bin/pip:
	.ci/setup venv $(VENV) $(PYTHONS)

$(VENV)/fluidsynth: | $(VENV)/bin/pip
	.ci/setup fluidsynth
	touch $@
