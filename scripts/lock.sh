#!/usr/bin/env bash
# Writes requirements/*.lock anew from pyproject.toml, with a hash for every file and no registry's address.
# `scripts/lock.sh --upgrade` also takes newer versions; without it, what is locked stays where it can.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh
mkdir -p .cache
[ -x .cache/uv/bin/uv ] || { step "uv, in .cache/uv"; python3 -m venv .cache/uv; .cache/uv/bin/pip install --quiet uv; }
compile() { # LOCK, options...
  local lock=$1
  shift
  step "$lock"
  .cache/uv/bin/uv pip compile pyproject.toml "$@" --python-version 3.11 --generate-hashes --no-header --no-annotate \
    --no-emit-index-url --no-emit-find-links --quiet --output-file "$lock"
}
compile requirements/run.lock --extra speech --extra espeak "$@"
compile requirements/dev.lock --extra speech --extra espeak --extra dev --constraint requirements/run.lock "$@"
if grep -nE '(https?|file)://' requirements/*.lock; then fail "a lock file names a registry"; fi
