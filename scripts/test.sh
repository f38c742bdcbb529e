#!/usr/bin/env bash
# `make test`: everything, on a bare machine. pytest's own summary is the last line.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/bootstrap.sh test
scripts/check.sh static
# Two lanes (tests/fixtures/lanes.py). Names of tests hold what sets hold: their order must be the same in both.
PYTHONHASHSEED=0 exec .venv/bin/pytest -n 2 "$@" </dev/null
