#!/usr/bin/env bash
# `make check`: style, types, import contracts and the quick tests that need no browser, model or database server.
# `scripts/check.sh static` leaves the tests out. Everything runs, whatever failed before.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh
part=${1:-all}
[ "$part" = static ] || scripts/bootstrap.sh check
mkdir -p .cache
failed=()

# run NAME COMMAND...: its output is shown when it fails.
run() {
  local name=$1
  shift
  step "$name"
  "$@" </dev/null >.cache/check.log 2>&1 || {
    cat .cache/check.log
    failed+=("$name")
  }
}

# Runs beside everything else: with the tests it shares both cores.
if [ -f package.json ]; then
  npm run --silent check >.cache/npm-check.log 2>&1 </dev/null &
  npm_check=$!
  trap 'kill "$npm_check" 2>/dev/null || true' EXIT
fi
run "style (ruff)" .venv/bin/ruff check --quiet .
run "format (ruff)" .venv/bin/ruff format --quiet --check --diff .
run "types (mypy)" .venv/bin/mypy --no-error-summary
run "import contracts (import-linter)" .venv/bin/lint-imports
if [ "$part" != static ]; then
  step "quick unit and architecture tests"
  PYTHONHASHSEED=0 .venv/bin/pytest -q -n 2 -p no:schemathesis tests/unit tests/architecture \
    -m "not speech and not browser and not firefox and not postgres and not redis and not slow" </dev/null || failed+=("tests")
fi
if [ -n "${npm_check:-}" ]; then
  step "TypeScript (npm run check)"
  wait "$npm_check" || {
    cat .cache/npm-check.log
    failed+=("TypeScript")
  }
  trap - EXIT
fi
if [ ${#failed[@]} -gt 0 ]; then
  printf -v list '%s, ' "${failed[@]}"
  fail "not well: ${list%, }"
fi
step "all well"
