# make repro builds the dataset and the model, make test runs the tests; both set up what they need first.
# A second call sets nothing up again.

VENV := .venv
PYTHONS := python3 python3.12 python3.11
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)

.PHONY: repro test setup lint
repro: setup
	dvc repro

# The tests' processes share the cores: one thread each, that does not spin while it waits.
test: export OMP_NUM_THREADS := 1
test: export OMP_WAIT_POLICY := PASSIVE
test: setup $(VENV)/chromium
	ruff check
	ruff format --check
	python -m pytest --numprocesses logical --maxprocesses 4 --dist loadscope

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

$(VENV)/chromium: | $(VENV)/bin/pip
	.ci/setup chromium
	touch $@
