# What the project's shell scripts share: timed progress lines and stamps of what is already done.

started_at=$SECONDS

# Every server and worker that tests start would compile the whole program anew.
unset PYTHONDONTWRITEBYTECODE

step() { printf '%4d s  %s\n' "$((SECONDS - started_at))" "$*"; }

fail() {
  printf '\n%s\n' "$*" >&2
  exit 1
}

# digest FILE...: one hash over the files' names and contents (missing files count as empty).
digest() {
  for file in "$@"; do
    printf '%s\n' "$file"
    cat "$file" 2>/dev/null || true
  done | sha256sum | cut -d' ' -f1
}

# is_done STAMP HASH: has the work that STAMP stands for been done for exactly these inputs?
is_done() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }
