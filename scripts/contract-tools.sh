# Sourced by contract-lint.sh and clients.sh, from the root of the clone: installs the programs of tests/contract/package.json,
# as package-lock.json pins them, and puts them first in PATH. A node of their own is among them, since the generators need
# a newer one than some systems have.

say() { printf '%s\n' "$(basename "$0" .sh): $*" >&2; }

target=${CARGO_TARGET_DIR:-$PWD/target}
tools=$target/contract-tools

if ! command -v npm >/dev/null 2>&1; then
    say "npm is missing: install node 18 or later with npm, or run scripts/prepare.sh tests"
    exit 1
fi

# A changed list of packages installs all of them again. Packages run no scripts while they are installed.
if ! cmp -s tests/contract/package-lock.json "$tools/installed"; then
    say "installing the linters and generators into $tools"
    mkdir -p "$tools"
    rm -f "$tools/installed"
    cp tests/contract/package.json tests/contract/package-lock.json "$tools"
    npm ci --prefix "$tools" --ignore-scripts --no-audit --no-fund --loglevel=error >&2
    cp tests/contract/package-lock.json "$tools/installed"
fi
PATH=$tools/node_modules/.bin:$PATH
# The linter asks the registry for a newer version of itself, and sends what it was called for.
export REDOCLY_SUPPRESS_UPDATE_NOTICE=true REDOCLY_TELEMETRY=off
