#!/bin/sh
# Provides the programs that cargo cannot fetch: a C compiler (for the cryptography) and the programs of a PostgreSQL
# server, 14 or later, with pg_trgm. Where permitted, the script installs missing programs with the system's package
# manager; if no program is missing, the script ends at once. No server keeps running: taskforce starts a server of its
# own from these programs.
#
# `prepare.sh tests` also provides node (18 or later) and npm, which run the OpenID provider of the tests (tests/oidc),
# and curl and jq, which the tutorial of the README uses. `prepare.sh clients` also provides Python (3.11 or later, with
# venv), which runs generators of clients. `prepare.sh bench` provides wrk, pgbench and Python for the benchmarks. As root on Debian, `prepare.sh tests`
# also installs chromium with its driver, and the programs that read PDF files: poppler-utils and qpdf. Without these
# programs, the tests that need them are skipped.
#
# With DATABASE_URL set, no PostgreSQL is needed on this machine. TASKFORCE_PG_BIN_DIR names the programs' directory if
# the directory is not in the list below; taskforce searches the same directories in the same order
# (src/db/cluster/server.rs).
set -eu

oldest=14
oldest_node=18
for_tests=
for_clients=
for_bench=
case ${1-} in
tests) for_tests=yes ;;
clients) for_tests=yes for_clients=yes ;;
bench) for_bench=yes ;;
esac

say() { printf '%s\n' "prepare: $*" >&2; }
fail() { say "$*"; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

# The directories that may contain the server's programs, in order of preference.
places() {
    if [ -n "${TASKFORCE_PG_BIN_DIR-}" ]; then
        printf '%s\n' "$TASKFORCE_PG_BIN_DIR"
        return
    fi
    for program in initdb postgres; do
        if found=$(command -v "$program"); then
            # `readlink -f` has a fallback, since older macOS does not support the option.
            found=$(readlink -f "$found" 2>/dev/null || printf '%s' "$found")
            dirname "$found"
        fi
    done
    for prefix in /usr/lib/postgresql/ /opt/homebrew/opt/postgresql@ /usr/local/opt/postgresql@ /usr/pgsql-; do
        for dir in "$prefix"*; do
            version=${dir#"$prefix"}
            case $version in '' | *[!0-9]*) ;; *) printf '%s %s\n' "$version" "$dir/bin" ;; esac
        done | sort -rn | cut -d ' ' -f 2-
    done
}

# Succeeds if one of the directories is suitable. A cluster also needs pg_trgm, which some systems package separately.
has_postgres() {
    places | {
        while IFS= read -r bin; do
            [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ] || continue
            version=$("$bin/postgres" --version | sed 's/^[^0-9]*\([0-9]*\).*/\1/')
            [ "${version:-0}" -ge "$oldest" ] || continue
            extensions=$("$bin/pg_config" --sharedir 2>/dev/null)/extension || extensions=
            [ ! -d "$extensions" ] || [ -e "$extensions/pg_trgm.control" ] || continue
            exit 0
        done
        exit 1
    }
}

has_compiler() { has cc; }
has_node() {
    has npm && version=$(node --version 2>/dev/null) || return 1
    version=${version#v}
    [ "${version%%.*}" -ge "$oldest_node" ]
}
needs_node() { [ -n "$for_tests" ] && ! has_node; }
has_tutorial() { has curl && has jq; }
needs_tutorial() { [ -n "$for_tests" ] && ! has_tutorial; }
has_load() { has wrk && has pgbench && has python3; }
needs_load() { [ -n "$for_bench" ] && ! has_load; }
has_python() { python3 -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
needs_python() { [ -n "$for_clients" ] && ! has_python; }
has_browser() { has chromedriver && { has chromium || has chromium-browser || has google-chrome; }; }
needs_browser() { [ -n "$for_tests" ] && ! has_browser; }
has_pdf_readers() { has pdftotext && has pdffonts && has qpdf; }
needs_pdf_readers() { [ -n "$for_tests" ] && ! has_pdf_readers; }
needs_postgres() { [ -z "${DATABASE_URL-}" ] && ! has_postgres; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# A freshly booted machine may hold the lock for its own updates: wait for the lock instead of failing.
apt() { as_root env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 "$@"; }

logged() {
    "$@" >>"$log" 2>&1 || {
        tail -n 20 "$log" >&2
        fail "'$*' failed; the whole story is in $log"
    }
}

# Debian's package of PostgreSQL creates and starts a server on port 5432, which the service does not need. This setting
# prevents that server. The script removes the setting at once, so that later installations are not affected.
without_main_cluster() {
    setting=/etc/postgresql-common/createcluster.d/taskforce-prepare.conf
    trap 'as_root rm -f "$setting"' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    as_root mkdir -p "${setting%/*}"
    printf 'create_main_cluster = false\n' | as_root tee "$setting" >/dev/null
    "$@"
    as_root rm -f "$setting"
    as_root rmdir "${setting%/*}" 2>/dev/null || :
    trap - EXIT INT TERM
}

apt_install() {
    if [ "$(id -u)" != 0 ] && ! has sudo; then
        fail "install them as root: apt-get install $*; or set DATABASE_URL if only PostgreSQL is missing"
    fi
    log=$(mktemp "${TMPDIR:-/tmp}/taskforce-prepare.XXXXXX")
    say "installing $* with apt-get, which takes a minute or two (log: $log)"
    # One unreachable repository among many is no reason to stop: the installation fails if a package is missing.
    apt update >>"$log" 2>&1 || say "apt-get update failed, going on with the lists that are there"
    without_main_cluster logged apt install -y --no-install-recommends "$@"
    rm -f "$log"
}

# Installs programs that some tests need. Missing ones are no reason to stop: those tests are skipped. The first argument
# names the programs.
install_optional() {
    named=$1
    shift
    if [ "$(id -u)" != 0 ] || ! has apt-get; then
        say "no $named: tests that need it are skipped"
        return
    fi
    log=$(mktemp "${TMPDIR:-/tmp}/taskforce-prepare.XXXXXX")
    say "installing $* with apt-get (log: $log)"
    apt update >>"$log" 2>&1 || say "apt-get update failed, going on with the lists that are there"
    if apt install -y --no-install-recommends "$@" >>"$log" 2>&1; then
        rm -f "$log"
    else
        say "$named could not be installed: tests that need it are skipped"
    fi
}

has cargo || fail "Rust is missing: install it from https://rustup.rs, then open a new shell"

! needs_browser || install_optional "chromium with chromedriver" chromium chromium-driver
! needs_pdf_readers || install_optional "poppler-utils and qpdf" poppler-utils qpdf

missing=
has_compiler || missing="a C compiler"
! needs_postgres || missing="${missing:+$missing and }PostgreSQL (the server, $oldest or later, with pg_trgm)"
! needs_node || missing="${missing:+$missing and }node ($oldest_node or later, with npm)"
! needs_tutorial || missing="${missing:+$missing and }curl and jq"
! needs_python || missing="${missing:+$missing and }Python (3.11 or later, with venv)"
! needs_load || missing="${missing:+$missing and }wrk, pgbench and Python"
[ -n "$missing" ] || exit 0
say "missing: $missing"

if has apt-get; then
    set --
    has_compiler || set -- build-essential
    ! needs_postgres || set -- "$@" postgresql
    ! needs_node || set -- "$@" nodejs npm
    ! needs_tutorial || set -- "$@" curl ca-certificates jq
    ! needs_python || set -- "$@" python3 python3-venv
    ! needs_load || set -- "$@" wrk postgresql-client python3
    apt_install "$@"
elif [ "$(uname -s)" = Darwin ] && has brew; then
    has_compiler || fail "install the compiler: xcode-select --install; then start again"
    set --
    ! needs_postgres || set -- postgresql@17
    ! needs_node || set -- "$@" node
    ! needs_tutorial || set -- "$@" curl jq
    ! needs_python || set -- "$@" python@3.13
    ! needs_load || set -- "$@" wrk postgresql@17 python@3.13
    say "installing $* with brew"
    brew install "$@" >&2
elif has dnf; then
    fail "install them: dnf install gcc postgresql-server postgresql-contrib${for_tests:+ nodejs npm curl jq}${for_clients:+ python3}; or set DATABASE_URL"
else
    fail "install them with your package manager; or set DATABASE_URL if only PostgreSQL is missing"
fi

has_compiler || fail "there is still no C compiler: install one"
! needs_postgres ||
    fail "there is still no PostgreSQL $oldest or later: install one, name its bin directory in TASKFORCE_PG_BIN_DIR, or set DATABASE_URL"
! needs_node || fail "there is still no node $oldest_node or later with npm: install them"
! needs_tutorial || fail "there is still no curl or no jq: install them"
! needs_python || fail "there is still no Python 3.11 or later with venv: install it"
! needs_load || fail "there is still no wrk, no pgbench or no Python: install them"
say "ready"
