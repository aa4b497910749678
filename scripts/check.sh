#!/usr/bin/env bash
# Every check, each named and timed; stops at the first that fails. They run one after another, but for two: the
# simulation, which needs nothing but processors, runs beside the others with what they leave; and what is done in
# containers, which waits more than it computes, runs beside the checks of the text. What is about time runs without
# these, and the tests alone.
#
#   scripts/check.sh           all of them, the simulation, the chaos, the load and the tests included
#   scripts/check.sh --fast    all but those that take minutes
set -euo pipefail
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

summary=()
total_started=$SECONDS

# check NAME HINT COMMAND… : HINT says what to do when COMMAND fails.
check() {
  local name=$1 hint=$2 started=$SECONDS status=0
  shift 2
  printf '\n=== %s: %s\n' "$name" "$*"
  "$@" || status=$?
  judge "$name" "$hint" "$status" $((SECONDS - started))
}

# judge NAME HINT STATUS TAKEN [MORE]
judge() {
  if [ "$3" -ne 0 ]; then
    printf '\n=== FAILED: %s (status %s, after %s s)\n    %s\n' "$1" "$3" "$4" "$2" >&2
    exit "$3"
  fi
  summary+=("$(printf '%-16s %4s s%s' "$1" "$4" "${5:-}")")
}

declare -A beside=() beside_pid=()

# begin NAME NICENESS COMMAND… : starts a check that the next ones don't wait for.
begin() {
  local name=$1 niceness=$2
  shift 2
  beside[$name]=$*
  rm -f ".cache/$name.end"
  set -m # a process group of its own, so that all of it can be ended
  (
    set +m # what it starts stays in that group
    renice -n "$niceness" -p "$BASHPID" >/dev/null
    started=$SECONDS status=0
    "$@" || status=$?
    echo "$status $((SECONDS - started))" >".cache/$name.end"
  ) >".cache/$name.beside.log" 2>&1 </dev/null &
  beside_pid[$name]=$!
  set +m
  trap end_all EXIT
}

end_all() {
  local name
  for name in "${!beside_pid[@]}"; do
    kill -TERM -- "-${beside_pid[$name]}" 2>/dev/null || true
  done
}

# finish NAME HINT : waits for what was begun, and shows it.
finish() {
  local name=$1 status=1 taken=0
  printf '\n=== %s (begun beside the others): %s\n' "$name" "${beside[$name]}"
  wait "${beside_pid[$name]}" || true
  unset "beside_pid[$name]"
  cat ".cache/$name.beside.log"
  # Nothing stands there when it was ended from outside.
  [ ! -f ".cache/$name.end" ] || read -r status taken <".cache/$name.end"
  judge "$name" "$2" "$status" "$taken" ", beside the others"
}

# What a check has to say at the very end; it may have been another process.
tell() {
  cat >".cache/$1.told"
}

told() {
  [ ! -s ".cache/$1.told" ] || printf '    %s: %s\n' "$2" "$(cat ".cache/$1.told")"
}

# The tests' output is kept as well as shown, so that the closing line can be told again at the very end.
run_tests() {
  local log=.cache/tests.log
  TEST_SERVERS=${TEST_SERVERS-embedded} scripts/test.sh 2>&1 | tee "$log" || return
  closing=$(tail -n 1 "$log")
}

# The tests of what is stored, again, with the servers in containers: required wherever there can be an engine.
run_tests_in_containers() {
  local log=.cache/containers.log reason=.cache/containers.no-engine status=0
  rm -f "$reason"
  python scripts/engine.py --reason-file="$reason" scripts/test.sh -m servers tests/integration/stores 2>&1 | tee "$log" ||
    status=$?
  if [ "$status" -eq 75 ] && [ -s "$reason" ]; then
    echo "no engine to be had: $(cat "$reason"); the run on embedded servers is what counts" | tell containers
  elif [ "$status" -eq 0 ]; then
    echo "$(grep -E '^=+ .* in .*=+$' "$log" | tail -n 1 | tr -d =), $(sed -n 's/^engine: //p' "$log" | paste -sd ';')" |
      tell containers
  else
    return "$status"
  fi
}

# The gateway's own image, built and run: required wherever there can be an engine.
run_image() {
  local log=.cache/image.log reason=.cache/image.no-engine status=0
  rm -f "$reason"
  python scripts/engine.py --reason-file="$reason" python scripts/gateway_image.py 2>&1 | tee "$log" || status=$?
  if [ "$status" -eq 75 ] && [ -s "$reason" ]; then
    echo "no engine to be had: $(cat "$reason"); the image was neither built nor run" | tell image
  elif [ "$status" -eq 0 ]; then
    sed -n 's/^image: //p' "$log" | paste -sd ';' | tell image
  else
    return "$status"
  fi
}

# One after the other: both fetch the engine's programs to the same place.
run_in_containers() {
  run_tests_in_containers || return
  run_image
}
hint_of_engine="of the tests: make test ARGS='-m servers' has the servers embedded; of the image, whose last lines tell what
    wasn't shown: scripts/in-env.sh python scripts/engine.py python scripts/gateway_image.py"

# Known vulnerabilities in what is shipped: required wherever advisories can be had.
run_audit() {
  local log=.cache/audit.log status=0
  python scripts/audit.py 2>&1 | tee "$log" || status=$?
  sed -n 's/^audit: //p' "$log" | paste -sd ';' | tell audit
  [ "$status" -eq 75 ] || return "$status"
}

rm -f .cache/*.told
if [ "${1:-}" != --fast ]; then
  # Half of what `make simulate` runs by itself; docs/simulation.md.
  begin simulation 19 python -m tests.simulation --seeds 1000
  begin engine 5 run_in_containers
fi
check style "make format mends most of it" ruff check
check format "make format" ruff format --check --quiet
check types "mypy strict; its message names the line" mypy
check "script types" "mypy strict; its message names the line" mypy scripts/*.py
check layers "ARCHITECTURE.md tells which package may import which" lint-imports
check proto "make format, make proto; published fields and methods stay, new ones come beside them" python scripts/check_proto.py
check coverage "docs/coverage/ names what carries each feature; scripts/in-env.sh python scripts/coverage_table.py writes the table" \
  python scripts/coverage_table.py --check
check browser "types of the bridge and of the sandbox page" npm --prefix web run check --silent
check locks "make lock" scripts/lock.sh --check
closing=""
if [ "${1:-}" != --fast ]; then
  check audit "audit.toml lets a finding pass for a while; make lock ARGS='--upgrade-package NAME' takes a newer version" run_audit
  finish engine "$hint_of_engine"
  check chaos "its last line names the logs; docs/chaos.md tells what each line means" python -m tests.chaos --seed 294 --seconds 45
  check load "its last lines name what is broken, and the logs; docs/load.md tells what each line means" \
    python -m tests.load --seconds 15
  # Before the tests: some of them are about time, which is theirs alone.
  finish simulation "replay the seed as it says; docs/simulation.md tells how to read its trace"
  check tests "one test alone: make test ARGS='-k NAME'" run_tests
fi

printf '\n=== all checks passed in %s s\n' $((SECONDS - total_started))
printf '    %s\n' "${summary[@]}"
told containers "in containers"
told audit audit
told image image
[ -z "$closing" ] || printf '%s\n' "$closing"
