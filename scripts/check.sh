#!/usr/bin/env bash
# `make check`: style, types, import contracts and the unit tests that need no browser, model or database server.
# `scripts/check.sh static` leaves the tests out.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh
part=${1:-all}
[ "$part" = static ] || scripts/bootstrap.sh check

run() {
  step "$1"
  shift
  "$@" </dev/null
}

# Types in Python and in TypeScript are the two slow ones: each gets a core.
mkdir -p .cache
if [ -f package.json ]; then npm run --silent check >.cache/npm-check.log 2>&1 </dev/null & npm_check=$!; fi
run "style (ruff)" .venv/bin/ruff check --quiet .
run "format (ruff)" .venv/bin/ruff format --quiet --check .
run "types (mypy)" .venv/bin/mypy --no-error-summary
run "import contracts" .venv/bin/lint-imports >.cache/lint-imports.log || { cat .cache/lint-imports.log; exit 1; }
if [ -n "${npm_check:-}" ]; then
  step "TypeScript (npm run check)"
  wait "$npm_check" || { cat .cache/npm-check.log; exit 1; }
fi
[ "$part" = static ] ||
  run "unit and architecture tests" .venv/bin/pytest -q tests/unit tests/architecture \
    -m "not speech and not browser and not firefox and not postgres and not redis"
step "all well"
