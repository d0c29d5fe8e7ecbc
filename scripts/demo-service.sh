# Sourced by contract.sh and clients.sh, from the root of the clone: builds the service and starts a demo of it.
#
# start_demo sets `address` and `password`; stop_demo ends the service, deletes its data, and belongs into a trap. `data`
# is a folder that exists until then.

data=$(mktemp -d)
service=

stop_demo() {
    if [ -n "$service" ]; then
        kill "$service" 2>/dev/null || :
        wait "$service" 2>/dev/null || :
    fi
    rm -rf "$data"
}

start_demo() {
    DATABASE_URL='' ./scripts/prepare.sh
    cargo build --locked --bin taskforce
    port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    address=http://127.0.0.1:$port
    password=$(python3 -c 'import secrets; print(secrets.token_urlsafe(24))')
    env -u DATABASE_URL \
        TASKFORCE_BIND="127.0.0.1:$port" TASKFORCE_DATA_DIR="$data/service" TASKFORCE_DEMO_PASSWORD="$password" \
        TASKFORCE_RATE_LIMIT=0 TASKFORCE_METRICS_TOKEN=metrics TASKFORCE_SECURITY_CONTACT=mailto:security@demo.example \
        "${CARGO_TARGET_DIR:-$PWD/target}/debug/taskforce" demo >"$data/log" 2>&1 &
    service=$!
    for _ in $(seq 300); do
        kill -0 "$service" 2>/dev/null || { cat "$data/log" >&2; say "the service did not start"; exit 1; }
        if python3 -c "import urllib.request as r; r.urlopen('$address/health/ready', timeout=2)" 2>/dev/null; then
            return
        fi
        sleep 0.5
    done
    say "the service was not ready in time"
    exit 1
}

# Fails if the service ended, or wrote that something went wrong.
check_demo() {
    kill -0 "$service" 2>/dev/null || { tail -n 50 "$data/log" >&2; say "the service is gone"; return 1; }
    ! grep -n 'panicked\|ERROR' "$data/log" >&2 || { say "the service says that something went wrong"; return 1; }
}
