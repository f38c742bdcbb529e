#!/usr/bin/env bash
# `make test`: everything, on a bare machine. pytest's own summary is the last line.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/bootstrap.sh test
scripts/check.sh static
exec .venv/bin/pytest "$@" </dev/null
