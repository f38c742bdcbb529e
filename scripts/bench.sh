#!/usr/bin/env bash
# `make bench`: every benchmark in bench/, one after the other; each prints its figures beside its peers'.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/bootstrap.sh test
failed=()
for benchmark in bench/bench_*.py; do
  [ -f "$benchmark" ] || { echo "no benchmark in bench/"; exit 1; }
  printf '\n== %s\n' "$(head -n 1 "$benchmark" | tr -d '"')"
  .venv/bin/python "$benchmark" </dev/null || failed+=("$benchmark")
done
[ ${#failed[@]} -eq 0 ] || { printf '\nfailed: %s\n' "${failed[*]}"; exit 1; }
