# make repro builds the dataset and the model, make test runs the tests; both set up what they need first.
# A second call sets nothing up again.

BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: repro test setup lint instruments bench
repro: setup
	$(BIN)/dvc repro

# The tests' processes share the cores: one thread each, that does not spin while it waits.
test: export OMP_NUM_THREADS := 1
test: export OMP_WAIT_POLICY := PASSIVE
test:
	@bash .ci/setup tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/python -m pytest --numprocesses logical --maxprocesses 4 --dist loadscope

lint: setup
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

# The .wasm of src/legato/instruments from their Faust sources; the tools are 0.5 GB that nothing else needs.
instruments: setup
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[instruments]'
	$(BIN)/python -m legato.instruments.building

# The table of docs/benchmarks.md: us against others. ROWS="render normalize" runs some of its rows.
bench:
	@bash .ci/setup peers
	$(BIN)/python benchmarks/table.py $(ROWS)

setup:
	@bash .ci/setup base
