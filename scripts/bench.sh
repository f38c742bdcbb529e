#!/usr/bin/env bash
# `make bench`: every benchmark of bench/, one after the other; each prints its figures beside its peers'.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh
scripts/bootstrap.sh test
failed=()
for file in $(grep -lE '^if __name__ == "__main__"' bench/*.py); do
  name=$(basename "$file" .py)
  printf '\n== bench.%s: %s\n' "$name" "$(head -n 1 "$file" | tr -d '"')"
  .venv/bin/python -m "bench.$name" </dev/null || failed+=("bench.$name")
done
[ ${#failed[@]} -eq 0 ] || fail "did not finish: ${failed[*]}"
