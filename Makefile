.DEFAULT_GOAL := help
.PHONY: help demo test soak fuzz torture bench fmt lint doc openapi examples rights openapi-check contract contract-lint clients ci

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# `cargo run` replaces itself by the built program, so that Ctrl-C reaches only the service.
demo: ## installs missing programs, builds, and runs the service with demo data
	@./scripts/prepare.sh
	@exec cargo run --profile demo --locked -- demo

# The tests always start a Postgres server of their own, so DATABASE_URL of the environment is cleared.
test: ## installs missing programs and runs all tests
	@DATABASE_URL= ./scripts/prepare.sh tests
	@exec cargo test --locked

# `make test` runs a fixed short share of the random tests. TASKFORCE_SOAK=1 runs them long (tests/it/support/random_runs.rs),
# one after the other, so that each has its full time. The last lines of each target are its figures.
soak: ## runs all random tests long: properties, fuzz targets and torture
	@DATABASE_URL= ./scripts/prepare.sh
	@TASKFORCE_SOAK=1 exec cargo test --locked --test it -- properties:: fuzz:: torture:: --nocapture --test-threads 1

fuzz: ## runs each fuzz target for TASKFORCE_FUZZ_SECONDS (600)
	@DATABASE_URL= ./scripts/prepare.sh
	@TASKFORCE_SOAK=1 exec cargo test --locked --test it -- fuzz:: --nocapture --test-threads 1

torture: ## kills the service 200 times (TASKFORCE_TORTURE_ROUNDS) under writes with idempotency keys, and checks the data
	@DATABASE_URL= ./scripts/prepare.sh
	@TASKFORCE_SOAK=1 exec cargo test --locked --test it -- torture:: --nocapture

# Rates depend on the machine; the ratios within one run are what counts (docs/performance.md).
bench: ## measures renderings, and the service beside Postgres alone and bare handlers (needs wrk, pgbench and Python)
	@exec ./scripts/bench.sh

fmt: ## formats the code
	cargo fmt

lint: ## checks formatting and clippy, with warnings as errors
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

doc: ## builds the documentation of the code, including private items
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items

openapi: ## regenerates openapi.yaml
	cargo run --locked --quiet -- openapi > openapi.yaml.new || { rm -f openapi.yaml.new; exit 1; }
	mv openapi.yaml.new openapi.yaml

rights: ## regenerates docs/rights.md and docs/rights.ar.md
	cargo run --locked --quiet -- rights > docs/rights.md
	cargo run --locked --quiet -- rights --arabic > docs/rights.ar.md

# The examples get into the document when the service is built again.
examples: ## records the examples of the document from the demo data, and regenerates openapi.yaml
	@DATABASE_URL= ./scripts/prepare.sh
	DATABASE_URL= TASKFORCE_RECORD=1 cargo test --locked --quiet --test it -- contract::examples::every_example_is_what_the_service_answers
	@$(MAKE) --no-print-directory openapi

openapi-check: ## fails if openapi.yaml differs from the generated document
	cargo run --locked --quiet -- openapi | diff -u openapi.yaml -

contract: contract-lint ## checks openapi.yaml, and runs schemathesis on every operation as pairs of users (needs npm and Python)
	@exec ./scripts/contract.sh

contract-lint: ## checks openapi.yaml against the rules of tests/contract, and plants faults (needs npm)
	@exec ./scripts/contract-lint.sh

clients: ## generates, compiles and runs clients in TypeScript and Python, and the stories in examples (needs npm and Python)
	@exec ./scripts/clients.sh

ci: ## runs all checks of CI: formatting, clippy, documentation, the contract and its clients, tests
	@.ci/run
