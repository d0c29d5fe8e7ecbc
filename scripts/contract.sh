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

. scripts/demo-service.sh
trap stop_demo EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
start_demo

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
    check_demo || exit 1
done
exit "$failed"
