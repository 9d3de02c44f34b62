# emu: `make run` shows it, `make test` tests it. Needs Python 3.11 or newer, gcc, GNU binutils and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
GUEST ?= unplug-all
# Two workers: more would only wait for each other on the machines that this runs on.
PYTEST := $(BIN)/python -m pytest -n 2

.PHONY: help setup build wheel run test lint check bench real clean
.DELETE_ON_ERROR:

help:
	@echo "make run      set up, build and run $(GUEST) (GUEST=NAME for another)"
	@echo "make test     all tests but those on real firmware"
	@echo "make lint     format, lint, types, layers"
	@echo "make check    the same, units and laws"
	@echo "make real     tests on firmware and machines that are not ours (fetches packages)"
	@echo "make bench    a table of speeds, beside QEMU's where it is installed"
	@echo "make setup    the environment $(VENV), with the command $(BIN)/emu"
	@echo "make build    firmware and guests, from source"
	@echo "make wheel    dist/emu-*.whl, which needs no compiler where it is installed"
	@echo "make clean    remove what was built; $(VENV) and .real stay"

setup: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "emu needs Python 3.11 or newer: give one by make PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || \
		{ echo "$(PYTHON) cannot make environments: install its venv module (Debian: python3-venv)"; exit 1; }
	@echo "Setting up $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

build: setup
	@command -v gcc ld objcopy >/dev/null || { echo "the guests need gcc and GNU binutils: install them"; exit 1; }
	@$(MAKE) --no-print-directory --silent -C firmware/bios BUILD=$(CURDIR)/build/firmware/bios OUT=$(CURDIR)/emu/bundled/firmware
	@$(MAKE) --no-print-directory --silent -C guests BUILD=$(CURDIR)/build/guests OUT=$(CURDIR)/emu/bundled/guests \
		PYTHON=$(CURDIR)/$(BIN)/python

wheel: build
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist .

run: build
	@$(BIN)/emu run $(GUEST)

test: build
	$(PYTEST) tests/unit tests/laws tests/guests guests

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint build
	$(PYTEST) tests/unit tests/laws

# Tests of one file share a boot: one worker runs them.
real: build
	$(PYTEST) --dist loadscope -rs tests/real

bench: build
	$(BIN)/python -m benchmarks

clean:
	rm -rf build dist emu/bundled emu/cpu/*.so .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
