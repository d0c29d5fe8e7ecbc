#!/usr/bin/env bash
# Generates clients from openapi.yaml as frontend teams would, compiles them, and runs them against a demo: openapi-typescript
# with openapi-fetch, @hey-api/openapi-ts with zod, orval, openapi-python-client, datamodel-code-generator. Two of them then
# run the stories in examples/. The script fails on a warning of a generator.
#
# The script needs npm, Python 3.11 or later with venv, and the registries of both the first time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
DATABASE_URL='' ./scripts/prepare.sh clients
. scripts/contract-tools.sh
. scripts/demo-service.sh
trap stop_demo EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

python=$target/contract-python
cat tests/contract/clients/requirements.txt examples/python/requirements.txt >"$data/requirements.txt"
if ! cmp -s "$data/requirements.txt" "$python/installed"; then
    say "installing the generators of Python into $python"
    rm -rf "$python"
    python3 -m venv "$python"
    "$python/bin/pip" install --quiet --disable-pip-version-check \
        --requirement tests/contract/clients/requirements.txt --requirement examples/python/requirements.txt
    cp "$data/requirements.txt" "$python/installed"
fi
PATH=$python/bin:$PATH

# Runs a generator, and fails if it fails or warns.
generate() {
    name=$1
    shift
    say "$name"
    if ! "$@" >"$data/output" 2>&1 || grep -qi 'warn' "$data/output"; then
        cat "$data/output" >&2
        say "$name does not generate without warnings"
        exit 1
    fi
}

export OPENAPI=${OPENAPI:-$PWD/openapi.yaml}
work=$tools/clients
rm -rf "$work"
cp -R tests/contract/clients "$work"
root=$PWD
cd "$work"
generate openapi-typescript openapi-typescript "$OPENAPI" --output generated/openapi-typescript/schema.ts
generate @hey-api/openapi-ts openapi-ts --file hey-api.config.mjs
generate orval orval --config orval.config.mjs
generate openapi-python-client openapi-python-client generate --path "$OPENAPI" --output-path generated/python \
    --meta none --fail-on-warning
generate datamodel-code-generator datamodel-codegen --input "$OPENAPI" --input-file-type openapi --output generated/models.py \
    --output-model-type pydantic_v2.BaseModel --target-python-version 3.11 --formatters builtin
say "compiling"
tsc --project .
esbuild run/openapi-fetch.ts run/hey-api.ts run/orval.ts --bundle --platform=node --format=esm --outdir=built \
    --out-extension:.js=.mjs --log-level=warning
PYTHONPATH=generated python -W error run/import_all.py python

cd "$root"
start_demo
export TASKFORCE_URL=$address TASKFORCE_PASSWORD=$password
cd "$work"
for client in openapi-fetch hey-api orval; do
    say "running $client"
    node "built/$client.mjs"
done
say "running pydantic_models"
PYTHONPATH=generated python -W error run/pydantic_models.py

say "running examples/typescript"
cd "$root/examples/typescript"
npm ci --no-audit --no-fund --loglevel=error >&2
npm run --silent generate
npm start --silent

say "running examples/python"
cd "$root/examples/python"
./generate.sh
python story.py

cd "$root"
check_demo
