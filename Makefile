.DEFAULT_GOAL := help
.PHONY: help demo test soak fuzz torture fmt lint doc openapi openapi-check contract contract-lint ci

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# `cargo run` turns into the program it has built, so Ctrl-C reaches the service itself, and the service only.
demo: ## gets what is missing, builds, and runs the service with demo data
	@./scripts/prepare.sh
	@exec cargo run --release --locked -- demo

# The tests start a Postgres of their own in any case: an address in the environment is not for them.
test: ## gets what is missing and runs all tests
	@DATABASE_URL= ./scripts/prepare.sh tests
	@exec cargo test --locked

# `make test` runs a fixed short share of the random tests. TASKFORCE_SOAK=1 runs them long (tests/it/support/random_runs.rs),
# one after the other, so that each has its time to itself; the figures are the last lines of each.
soak: ## runs all random tests long: properties, fuzz and torture
	@DATABASE_URL= ./scripts/prepare.sh
	@TASKFORCE_SOAK=1 exec cargo test --locked --test it -- properties:: fuzz:: torture:: --nocapture --test-threads 1

fuzz: ## runs the fuzz targets long: TASKFORCE_FUZZ_SECONDS each (600)
	@DATABASE_URL= ./scripts/prepare.sh
	@TASKFORCE_SOAK=1 exec cargo test --locked --test it -- fuzz:: --nocapture --test-threads 1

torture: ## kills the service 200 times under keyed writes (TASKFORCE_TORTURE_ROUNDS)
	@DATABASE_URL= ./scripts/prepare.sh
	@TASKFORCE_SOAK=1 exec cargo test --locked --test it -- torture:: --nocapture

fmt: ## formats the code
	cargo fmt

lint: ## formatting and clippy, every warning an error
	cargo fmt --check
	cargo clippy --locked --all-targets -- -D warnings

doc: ## the documentation of the code, private parts included
	RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items

openapi: ## writes openapi.yaml anew
	cargo run --locked --quiet -- openapi > openapi.yaml.new || { rm -f openapi.yaml.new; exit 1; }
	mv openapi.yaml.new openapi.yaml

openapi-check: ## fails if openapi.yaml is not what the code says
	cargo run --locked --quiet -- openapi | diff -u openapi.yaml -

contract: ## lets schemathesis try every operation as two users (needs Python, and PyPI the first time)
	@exec ./scripts/contract.sh

contract-lint: ## holds openapi.yaml to the rules of tests/contract (needs npx)
	npx --yes @redocly/cli@2.77.0 lint openapi.yaml --config tests/contract/redocly.yaml

ci: ## formatting, clippy, documentation, OpenAPI drift and all tests, as CI runs them
	@.ci/run
