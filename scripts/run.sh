#!/usr/bin/env bash
# `make run`: install what is missing, then serve the product and its two demo shops until Ctrl-C.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
scripts/bootstrap.sh run
if [ -t 0 ] && [ -t 1 ]; then
  # With job control the server alone has the terminal: Ctrl-C reaches it and not make, which
  # would otherwise end with an error although the server drained and left with 0.
  set -m
  .venv/bin/parloir run --demo "$@"
else
  exec .venv/bin/parloir run --demo "$@"
fi
