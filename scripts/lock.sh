#!/usr/bin/env bash
# Pins requirements*.in into hashed requirements*.txt that name no index: every Python and platform in one file.
#
#   scripts/lock.sh [--upgrade | --upgrade-package NAME …]    writes the files
#   scripts/lock.sh --check                                   fails when they don't say what the .in files ask for
set -euo pipefail
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

readonly options=(--generate-hashes --no-emit-index-url --no-header --universal --python-version 3.12 --quiet)

# compile NAME DIRECTORY OPTION… : NAME.in to DIRECTORY/NAME.txt. The pins that stand there are kept where they can be.
compile() {
  local name=$1 directory=$2
  shift 2
  uv pip compile "${options[@]}" "$@" "$name.in" -o "$directory/$name.txt"
}

check() {
  local scratch name
  scratch=$(mktemp -d)
  # shellcheck disable=SC2064 # the path as it is now
  trap "rm -rf '$scratch'" EXIT
  cp requirements.txt requirements-dev.txt "$scratch"
  for name in requirements requirements-dev; do
    # What setup fetched is enough as a rule; the network is asked only for what the cache lacks.
    compile "$name" "$scratch" --offline 2>/dev/null || compile "$name" "$scratch"
    # uv's comments name the output file's path nowhere, so the files are compared as they are.
    if ! diff -u "$name.txt" "$scratch/$name.txt" >"$scratch/diff"; then
      head -n 20 "$scratch/diff"
      echo "error: $name.txt isn't what $name.in asks for; run: make lock" >&2
      return 1
    fi
  done
}

if [ "${1:-}" = --check ]; then
  check
else
  compile requirements . "$@"
  compile requirements-dev . "$@"
fi
