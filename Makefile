# Thin: every target is one or two commands that can be run by hand too.
.PHONY: test demo bench fuzz deny models lint
SHELL := /bin/bash

models: ## Installs the face models at their pinned version; nothing of them is committed.
	npm ci --prefix models --no-audit --no-fund --loglevel=error

test: models
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
