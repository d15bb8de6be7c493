# Everything that developers and CI do; `make help` lists it. `demo` and `test` set up what they need: a virtual
# environment in .venv, and the extension module, built again only when its sources changed.

VENV := .venv
PYTHON_SOURCES := $(shell find python -type f -name '*.py*' -not -name '*.pyc')
RUST_SOURCES := Cargo.toml Cargo.lock $(shell find crates -type f -not -path '*/target/*')
PACKAGING := pyproject.toml README.md LICENSE-MIT LICENSE-APACHE

# Extra arguments of the tools.
FUZZ_SECONDS ?=
PYTEST_FLAGS ?=
BENCH_FLAGS ?=
CHAOS_FLAGS ?=
CHAOS_SECONDS ?= 60
CHAOS_SEED ?= 1
# Processes that run the Python tests side by side.
JOBS ?= auto

SUITES := $(shell sed -n 's/^\(openai\|anthropic\)==\([0-9.]*\).*/\1==\2/p' $(wildcard tests/oracles/locks/openai-*.txt tests/oracles/locks/anthropic-*.txt))
ORACLES := $(basename $(notdir $(wildcard tests/oracles/locks/*)))
REAL_SERVERS := litellm llama_cpp portkey mcp_time mcp_everything
# Large environments, and tests that take minutes: frameworks with all that they need, and instrumentations.
FRAMEWORKS := frameworks-3 frameworks-2 instrumentations

export VIRTUAL_ENV := $(CURDIR)/$(VENV)
python := $(VENV)/bin/python
pytest = $(python) -m pytest --numprocesses $(JOBS)
# cargo asks the same Python as maturin does, whatever `python3` is outside.
export PYO3_PYTHON := $(VIRTUAL_ENV)/bin/python

# Shows what a command prints only if it fails; V=1 shows it as it comes.
quietly := $(if $(V),,sh tools/quietly.sh)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: demo test test-rust test-python test-oracles test-frameworks test-release sdk-suites oracle-locks check check-targets lint types deny fuzz docs
.PHONY: bench bench-soak availability chaos catalog wheel wheels fmt clean help

demo: $(VENV)/extension.stamp ## See tokens stream through the Rust core, from simulated providers: needs no key
	@$(VENV)/bin/ferrule demo

test: test-rust test-python ## Run all tests of our own; after the set-up they need no network

test-rust: $(python)
	@sh tools/require.sh rust
	cargo test --workspace
	RUSTFLAGS="--cfg loom" cargo test -p ferrule-bridge --release --test loom --target-dir target/loom
	RUSTFLAGS="--cfg loom" cargo test -p ferrule-wire --test loom --target-dir target/loom

test-python: $(VENV)/extension.stamp
	$(pytest) --dist worksteal $(PYTEST_FLAGS)

test-oracles: $(VENV)/extension.stamp ## Run the providers' own SDKs and real servers against us; installs them first
	$(python) tests/oracles/environment.py $(ORACLES)
	$(pytest) --dist loadfile tests/oracles $(PYTEST_FLAGS)

test-frameworks: $(VENV)/extension.stamp ## Run instructor, pydantic-ai, LangChain and other frameworks on Ferrule; installs them first
	$(python) tests/oracles/environment.py $(FRAMEWORKS)
	$(pytest) --dist loadfile -m framework tests/oracles $(PYTEST_FLAGS)

# What a release stands on: the SDKs, without the servers and frameworks that take minutes, and what `make wheel` built.
test-release: export FERRULE_WHEEL := required
test-release: $(VENV)/extension.stamp wheel
	$(python) tests/oracles/environment.py $(filter-out $(REAL_SERVERS) $(FRAMEWORKS),$(ORACLES))
	$(pytest) --dist loadfile -m "not real_server and not framework" tests/oracles tests/package $(PYTEST_FLAGS)

# Downloads the suites to ~/.cache/ferrule-sdk-suites; SUITE_FLAGS="--specification openapi.yaml" adds tests/api_resources.
sdk-suites: $(VENV)/extension.stamp ## Run the official SDKs' own test suites with our classes: takes an hour
	$(python) tools/sdk_suites/run.py $(SUITES) $(SUITE_FLAGS)

oracle-locks: $(VENV)/dependencies.stamp ## Renew the lock files of the oracles' environments
	tools/oracle-locks.sh

# The same steps as .ci/run, which installs what they need first.
check: ## What CI does: lints, types, tests, dependencies, other targets, fuzzing, wheel, SDKs
	@tools/check.sh

check-targets: $(python) ## Check the Windows code, and build for WebAssembly what a browser could use
	@sh tools/require.sh targets
	cargo clippy --workspace --target x86_64-pc-windows-gnu -- -D warnings
	cargo build -p ferrule-wire -p ferrule-catalog -p ferrule-tokens --target wasm32-unknown-unknown

lint: $(VENV)/dependencies.stamp ## Check format and lints
	@sh tools/require.sh rust
	@sh tools/require.sh lint
	cargo fmt --all --check
	cargo clippy --workspace --all-targets -- -D warnings
	$(python) -m ruff format --check
	$(python) -m ruff check

types: $(VENV)/extension.stamp ## Check types, the documents' code, and the stubs against the extension module
	$(python) -m mypy
	$(python) -m pyright
	$(python) -m mypy --strict tests/typing
	$(python) tools/typed_documents.py
	$(python) -m mypy.stubtest ferrule._native --allowlist tools/stubtest-allowlist.txt

# Licences, sources and bans need no network. Known vulnerabilities do: .github/workflows/checks.yml looks for them.
deny: ## Check the dependencies' licences and sources
	@sh tools/require.sh rust
	@cargo deny --version >/dev/null 2>&1 || CARGO_PROFILE_DEV_DEBUG=0 cargo install cargo-deny --locked --debug
	cargo deny --all-features check --hide-inclusion-graph bans licenses sources

fuzz: ## Run each fuzz target on the same inputs every time; with FUZZ_SECONDS=60, search for that long
	@sh tools/require.sh rust
	fuzz/run-short.sh $(FUZZ_SECONDS)

docs: $(VENV)/docs.stamp ## Build the documentation site into target/site, warnings being errors
	$(python) tools/documentation.py

bench: wheel ## Measure a release build beside the peers (BENCH_FLAGS=--quick: five minutes)
	$(python) benches/compare/run.py $(BENCH_FLAGS)

bench-soak: wheel ## Measure memory over 200,000 calls
	$(python) benches/compare/run.py soak $(BENCH_FLAGS)

availability: $(VENV)/extension.stamp ## Measure failover beside litellm's Router and openai, and write docs/availability.md
	$(python) benches/availability/run.py --write $(BENCH_FLAGS)

chaos: $(VENV)/extension.stamp ## Break providers under hundreds of calls, and check what must hold (CHAOS_SECONDS=600 CHAOS_SEED=7)
	$(python) tests/chaos/chaos_run.py --seconds $(CHAOS_SECONDS) --seed $(CHAOS_SEED) $(CHAOS_FLAGS)

catalog: $(VENV)/dependencies.stamp ## Write the model catalog's data from the installed genai-prices and tools/catalog.toml
	$(python) tools/catalog.py

wheel: dist/wheel.stamp ## Build the wheel and the source distribution into dist/

wheels: dist/wheels.stamp ## Build Linux wheels for other machines into dist/wheels/: aarch64, and musl on both

fmt: $(VENV)/dependencies.stamp ## Format everything
	cargo fmt --all
	$(python) -m ruff check --fix-only --quiet
	$(python) -m ruff format

clean: ## Remove everything that was built, and the environment
	rm -rf target fuzz/target benches/upstream/target dist $(VENV) $(VENV)-* .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -f python/ferrule/_native*.so
	find python tests benches -name __pycache__ -type d -prune -exec rm -rf {} +

help:
	@echo "make demo and make test set up everything they need. Targets:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-15s %s\n", $$1, $$2 }'

$(python):
	@# All that may be missing is named before anything takes time.
	@sh tools/require.sh python >/dev/null
	@sh tools/require.sh rust
	@$(quietly) "$$(sh tools/require.sh python)" -m venv --clear $(VENV)

# pip reads dependency groups since 25.1.
$(VENV)/dependencies.stamp: pyproject.toml $(python)
	@echo "setting up $(VENV)"
	@$(quietly) $(python) -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(quietly) $(python) -m pip install --quiet --disable-pip-version-check --group dev
	@touch $@

$(VENV)/docs.stamp: pyproject.toml $(VENV)/dependencies.stamp
	$(python) -m pip install --quiet --disable-pip-version-check --group docs
	@touch $@

# Optimised, but not as a release is: that takes several times as long to build.
$(VENV)/extension.stamp: $(VENV)/dependencies.stamp $(RUST_SOURCES)
	@sh tools/require.sh rust
	@echo "building the extension module; the first time this takes minutes"
	@$(quietly) $(python) -m maturin develop --profile quick
	@touch $@

$(VENV)/wheel.stamp: $(VENV)/dependencies.stamp
	$(python) -m pip install --quiet --disable-pip-version-check --group wheel
	@touch $@

# maturin asks the first `python3` for zig.
dist/wheel.stamp dist/wheels.stamp: export PATH := $(VIRTUAL_ENV)/bin:$(PATH)

# On Linux, zig links against the C library of manylinux2014, whatever the machine has.
dist/wheel.stamp: $(VENV)/wheel.stamp $(RUST_SOURCES) $(PYTHON_SOURCES) $(PACKAGING)
	@sh tools/require.sh rust
	rm -rf dist
	$(python) -m maturin sdist --out dist
	$(python) -m maturin build --release --locked --compression-level 9 --out dist $(if $(filter Linux,$(shell uname -s)),--zig --compatibility manylinux2014)
	@touch $@

dist/wheels.stamp: $(VENV)/wheel.stamp $(RUST_SOURCES) $(PYTHON_SOURCES) $(PACKAGING)
	@sh tools/require.sh wheels
	rm -rf dist/wheels
	$(call zig_wheel,aarch64-unknown-linux-gnu,manylinux2014)
	$(call zig_wheel,aarch64-unknown-linux-musl,musllinux_1_2)
	$(call zig_wheel,x86_64-unknown-linux-musl,musllinux_1_2)
	@touch $@

zig_wheel = $(python) -m maturin build --release --locked --compression-level 9 --zig --out dist/wheels --target $(1) --compatibility $(2)
