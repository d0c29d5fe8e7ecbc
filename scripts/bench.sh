#!/bin/sh
# Builds for production, and measures renderings (benches/rendering.rs) and the service (benches/service.py), the latter on
# a private Postgres server. TASKFORCE_BENCH_SCALE is `small`, `medium` (the default) or `large`, TASKFORCE_BENCH_SECONDS
# the time of each measurement of the service (10). Needs wrk, pgbench and Python.
set -eu
cd "$(dirname "$0")/.."

DATABASE_URL= ./scripts/prepare.sh bench
unset DATABASE_URL
cargo build --release --locked --bin taskforce --example floor
cargo bench --locked --bench rendering
target=${CARGO_TARGET_DIR:-target}/release
exec python3 benches/service.py --service "$target/taskforce" --floor "$target/examples/floor" --json "$target/bench.json" \
    --scale "${TASKFORCE_BENCH_SCALE:-medium}" --seconds "${TASKFORCE_BENCH_SECONDS:-10}"
