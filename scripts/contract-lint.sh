#!/usr/bin/env bash
# Checks openapi.yaml: Redocly with the rules of tests/contract, Spectral, and a comparison with the last released document.
# The script then plants faults and fails if a rule doesn't find its fault.
#
# The script needs npm, and the npm registry the first time.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/contract-tools.sh

temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

failed=0
redocly lint openapi.yaml --config tests/contract/redocly.yaml || failed=1
spectral lint --quiet --fail-severity hint --ruleset tests/contract/spectral.yaml openapi.yaml || failed=1

released=$(find tests/contract/released -name '*.yaml' | sort -V | tail -n 1)
if [ -n "$released" ]; then
    say "comparing with $released"
    redocly diff "$released" openapi.yaml --config tests/contract/redocly.yaml --fail-on major || failed=1
else
    say "nothing is released yet: no document to compare with in tests/contract/released"
fi

redocly bundle openapi.yaml --output "$temporary/openapi.json" >/dev/null 2>&1
node tests/contract/self_test.mjs "$temporary/openapi.json" "$temporary" || failed=1
exit "$failed"
