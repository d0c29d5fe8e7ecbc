#!/usr/bin/env bash
# Runs schemathesis on every operation of the contract, against a demo of its own and as pairs of users: valid and invalid
# data, missing headers, wrong methods, resources of the other user. The script fails on any finding.
#
# The script needs Python 3.10 or later with venv, and PyPI the first time. TASKFORCE_CONTRACT_EXAMPLES sets the examples
# per operation, TASKFORCE_CONTRACT_SEED the seed of the random choices.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
root=$PWD

target=${CARGO_TARGET_DIR:-$root/target}
tools=$target/contract
examples=${TASKFORCE_CONTRACT_EXAMPLES:-25}
seed=${TASKFORCE_CONTRACT_SEED:-1}

say() { printf '%s\n' "contract: $*" >&2; }

# A changed list of requirements installs all of them again.
if ! cmp -s tests/contract/requirements.txt "$tools/requirements.txt"; then
    say "installing schemathesis into $tools"
    rm -rf "$tools"
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check --requirement tests/contract/requirements.txt
    cp tests/contract/requirements.txt "$tools/requirements.txt"
fi

DATABASE_URL='' ./scripts/prepare.sh
cargo build --locked --bin taskforce

data=$(mktemp -d)
service=
clean_up() {
    if [ -n "$service" ]; then
        kill "$service" 2>/dev/null || :
        wait "$service" 2>/dev/null || :
    fi
    rm -rf "$data"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
address=http://127.0.0.1:$port
password=$(python3 -c 'import secrets; print(secrets.token_urlsafe(24))')
env -u DATABASE_URL \
    TASKFORCE_BIND="127.0.0.1:$port" TASKFORCE_DATA_DIR="$data/service" TASKFORCE_DEMO_PASSWORD="$password" \
    TASKFORCE_RATE_LIMIT=0 TASKFORCE_METRICS_TOKEN=metrics TASKFORCE_SECURITY_CONTACT=mailto:security@demo.example \
    "$target/debug/taskforce" demo >"$data/log" 2>&1 &
service=$!

for _ in $(seq 300); do
    kill -0 "$service" 2>/dev/null || { cat "$data/log" >&2; say "the service did not start"; exit 1; }
    if python3 -c "import urllib.request as r; r.urlopen('$address/health/ready', timeout=2)" 2>/dev/null; then
        break
    fi
    sleep 0.5
done

failed=0
# The chair of the task force, the council's secretariat and the administrator of the installation, each with a second user
# who must not see the first user's data.
for pair in 'chair outsider' 'secretariat outsider' 'administrator outsider'; do
    read -r user peer <<<"$pair"
    say "$user, and $peer"
    folder=$data/$user
    mkdir "$folder"
    python3 tests/contract/prepare.py "$address" "$password" tests/contract/schemathesis.toml "$folder" "$user" "$peer"
    (
        cd "$folder"
        "$tools/bin/schemathesis" run "$address/v1/openapi.json" --url "$address" --max-examples "$examples" \
            --seed "$seed" --generation-deterministic --continue-on-failure
    ) || failed=1
    kill -0 "$service" 2>/dev/null || { tail -n 50 "$data/log" >&2; say "the service is gone"; exit 1; }
done
if grep -n 'panicked\|ERROR' "$data/log" >&2; then
    say "the service says that something went wrong"
    failed=1
fi
exit "$failed"
