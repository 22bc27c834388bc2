# zerofeed: `make demo` and `make test` work on a bare machine with python3 and make, without root.
#
#   make demo     install and run the demonstration (ARGS="--seconds 5 --json" to change it)
#   make test     install and run the tests
#   make help     the rest

SHELL := /bin/sh
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: help venv demo demo-afxdp as-root warm test test-all test-slow test-bounds test-interpreted \
	check lint format types layers docs bench clean

# The first interpreter that is new enough; PYTHON=... on the command line wins.
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		&& echo "$$python" && break; \
	done)

VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
SOURCES := $(shell find src -name '*.py' 2>/dev/null)
ARGS ?=
JOBS ?= auto
# Where kernels are tested by themselves: these run again with indices checked, and as plain Python.
KERNEL_TESTS := tests/unit/books tests/unit/codecs tests/unit/feed tests/unit/records \
	tests/unit/sequencing tests/unit/shm tests/unit/wire \
	$(wildcard tests/unit/runtime/test__*.py) $(wildcard tests/unit/mock/test__*.py)
PYTEST := $(BIN)/python -m pytest

define install
	@echo "zerofeed: installing $(1) into $(VENV)"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-input -e '$(1)'
	@mkdir -p $(STAMPS) && touch $@
endef

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# One stamp for each set of requirements: installed once, again only after pyproject.toml changed.
$(STAMPS)/venv: tools/bootstrap.py
	@test -n "$(PYTHON)" || { echo "zerofeed: Python 3.11 or newer is needed and none was found" \
		"on PATH; install one, or name it: make PYTHON=/path/to/python3.13" >&2; exit 1; }
	@"$(PYTHON)" tools/bootstrap.py $(VENV)
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/core: $(STAMPS)/venv pyproject.toml
	$(call install,.)

$(STAMPS)/test: $(STAMPS)/venv pyproject.toml
	$(call install,.[test])
	@touch $(STAMPS)/core

$(STAMPS)/check: $(STAMPS)/venv pyproject.toml
	$(call install,.[test$(comma)lint$(comma)docs])
	@touch $(STAMPS)/core $(STAMPS)/test

$(STAMPS)/bench: $(STAMPS)/venv pyproject.toml
	$(call install,.[bench])
	@touch $(STAMPS)/core

# Kernels are compiled here, once for each state of the sources, so that no command waits for it.
$(STAMPS)/warm: pyproject.toml $(SOURCES) | $(STAMPS)/core
	@echo "zerofeed: compiling kernels"
	@$(BIN)/zerofeed warm
	@touch $@

$(STAMPS)/warm-checked: pyproject.toml $(SOURCES) | $(STAMPS)/core
	@echo "zerofeed: compiling kernels that check their indices"
	@ZEROFEED_BOUNDS_CHECK=1 $(BIN)/zerofeed warm
	@touch $@

comma := ,

venv: $(STAMPS)/core ## the project in .venv, nothing run

warm: $(STAMPS)/warm ## compile every kernel into the cache

demo: $(STAMPS)/warm ## an embedded venue, a feed, three readers, live figures
	@$(BIN)/zerofeed demo $(ARGS)

demo-afxdp: as-root $(STAMPS)/warm ## the same by AF_XDP between two private networks, as root
	@$(BIN)/zerofeed demo --afxdp $(ARGS)

as-root:
	@test "$$(id -u)" = 0 || { echo "zerofeed: AF_XDP and private networks need root:" \
		"sudo make demo-afxdp" >&2; exit 1; }

test: $(STAMPS)/test $(STAMPS)/warm ## the quick tests, no root needed
	$(PYTEST) -n $(JOBS) -m "not slow and not root" $(ARGS)

test-all: $(STAMPS)/test $(STAMPS)/warm ## every test that this user may run, slow ones too
	$(PYTEST) $(ARGS)

test-slow: $(STAMPS)/test $(STAMPS)/warm ## what `make test` leaves out: slow and privileged tests
	$(PYTEST) -n $(JOBS) -m "(slow or root) and not long" $(ARGS)

test-bounds: $(STAMPS)/test $(STAMPS)/warm-checked ## the quick unit tests with every array index checked
	ZEROFEED_BOUNDS_CHECK=1 $(PYTEST) -n $(JOBS) -m "not slow and not root" $(KERNEL_TESTS) $(ARGS)

test-interpreted: $(STAMPS)/test ## the quick unit tests with kernels as plain Python
	NUMBA_DISABLE_JIT=1 $(PYTEST) -n $(JOBS) -m "not slow and not root and not compiled" \
		$(KERNEL_TESTS) $(ARGS)

check: lint types layers docs ## everything but the tests

lint: $(STAMPS)/check ## style, formatting and docstring coverage
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/interrogate --quiet src

format: $(STAMPS)/check ## rewrite the sources as `make lint` wants them
	$(BIN)/python -m ruff check --fix
	$(BIN)/python -m ruff format

types: $(STAMPS)/check ## mypy, strict
	$(BIN)/python -m mypy

layers: $(STAMPS)/check ## imports go down only
	$(BIN)/lint-imports

docs: $(STAMPS)/check ## the documentation into site/, any warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict

bench: $(STAMPS)/bench $(STAMPS)/warm ## the user's benchmarks (ARGS="hop --json")
	@$(BIN)/zerofeed bench $(ARGS)

clean: ## remove .venv, caches and built files
	rm -rf $(VENV) build dist site
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
