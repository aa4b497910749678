#!/usr/bin/env bash
# Makes the checkout ready to run: Python environment, npm packages, the page bridge, a browser.
#
# Each step is skipped while a hash of what goes into it is unchanged. A step's stamp is written after the step is
# done, so an interrupted setup goes on where it stopped; a lock keeps two setups apart. Needs the network only for
# steps that have something to fetch.
#
#   PYTHON=/path/to/python3.13 scripts/setup.sh    chooses the interpreter
set -euo pipefail
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

readonly stamps="$root/.cache/setup" venv="$root/.venv" minimum_node=20
readonly python_range="(3, 12) <= sys.version_info[:2] <= (3, 14)" # the pinned packages have wheels for these
step_pid=""
umask 022 # the embedded PostgreSQL runs as another user when root starts it, and must be able to read its files

say() { printf 'setup: %s\n' "$*"; }
die() {
  printf '\nsetup: error: %s\n' "$1" >&2
  shift
  [ $# -eq 0 ] || printf '       %s\n' "$@" >&2
  exit 1
}

stop() {
  trap - INT TERM HUP
  [ -z "$step_pid" ] || kill -TERM -- "-$step_pid" 2>/dev/null || true
  say "interrupted; run it again to go on"
  exit 130
}
trap stop INT TERM HUP

# hash_of FILE|DIRECTORY… : one hash over names and contents, missing ones included.
hash_of() {
  local path
  for path in "$@"; do
    if [ -d "$path" ]; then
      find "$path" -type f -print0 | LC_ALL=C sort -z | xargs -0 -r sha256sum
    elif [ -f "$path" ]; then
      sha256sum "$path"
    else
      echo "absent $path"
    fi
  done | sha256sum | cut -d' ' -f1
}

is_done() { [ "$(cat "$stamps/$1" 2>/dev/null)" = "$2" ]; }

# run_step NAME HASH LABEL FUNCTION : runs FUNCTION with its output in a log, telling every ten seconds that it works.
run_step() {
  local name=$1 hash=$2 label=$3 function=$4 log="$stamps/$1.log" started=$SECONDS told=0 status=0
  say "$label …"
  rm -f "$stamps/$name"
  set -m # a process group of its own, so that an interrupt can end all of the step
  "$function" >"$log" 2>&1 </dev/null &
  step_pid=$!
  set +m
  while kill -0 "$step_pid" 2>/dev/null; do
    read -r -t 0.2 -u 7 || true # nobody writes there: a pause without a process
    if ((SECONDS - started >= told + 10)); then
      told=$((SECONDS - started))
      say "  still at it after $told s"
    fi
  done
  wait "$step_pid" || status=$?
  step_pid=""
  if [ "$status" -ne 0 ]; then
    tail -n 40 "$log" | sed 's/^/       | /' >&2
    die "$label: failed with status $status; the whole output is in ${log#"$root"/}"
  fi
  printf '%s\n' "$hash" >"$stamps/$name.new"
  mv "$stamps/$name.new" "$stamps/$name"
  say "  done in $((SECONDS - started)) s"
}

# --- Python ---------------------------------------------------------------------------------------------------------

find_python() {
  local candidate path without_venv="" seen=""
  local candidates=(python3 python3.14 python3.13 python3.12 python)
  [ -z "${HOME:-}" ] || candidates+=("$HOME"/.pyenv/versions/3.*/bin/python3)
  [ -z "${PYTHON:-}" ] || candidates=("$PYTHON")
  for candidate in "${candidates[@]}"; do
    if ! path=$(command -v -- "$candidate"); then
      [ -z "${PYTHON:-}" ] || seen+=" no command $candidate"
      continue
    fi
    # A pyenv shim or a stale link may be there and still not run: only an answer counts.
    if ! "$path" -c "import sys; sys.exit(not ($python_range))" >/dev/null 2>&1; then
      seen+=" $candidate ($("$path" --version 2>/dev/null || echo "doesn't run"))"
    elif ! "$path" -c 'import ensurepip, venv' >/dev/null 2>&1; then
      without_venv=$("$path" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
    else
      python=$path
      return
    fi
  done
  [ -z "$without_venv" ] || die "$without_venv lacks the venv module." \
    "On Debian: apt install python3-venv (or $without_venv-venv), then run this again."
  die "Python 3.12, 3.13 or 3.14 is needed${seen:+; found:$seen}." \
    "On Debian: apt install python3 python3-venv. Or name one: PYTHON=/path/to/python3.12 make run"
}

venv_works() {
  "$venv/bin/python" -c "import sys; sys.exit(not ($python_range))" >/dev/null 2>&1 &&
    grep -qF "$venv" "$venv/bin/activate" 2>/dev/null && # a moved checkout's environment points elsewhere
    "$venv/bin/python" -m pip --version >/dev/null 2>&1
}

make_venv() {
  "$python" -m venv --clear "$venv"
}

pinned_uv() {
  awk '/^uv==/ {on = 1; print; next} /^[^ ]/ {on = 0} on && !/^ *#/' requirements-dev.txt
}

install_python_packages() {
  pinned_uv >"$stamps/uv.txt"
  "$venv/bin/python" -m pip install --disable-pip-version-check --require-hashes --no-deps -r "$stamps/uv.txt"
  "$venv/bin/uv" pip sync --python "$venv/bin/python" --require-hashes requirements-dev.txt
  # The project itself: its packages by a path file, its `pombo` command. setuptools comes from the pins.
  "$venv/bin/uv" pip install --python "$venv/bin/python" --offline --no-deps --no-build-isolation --editable .
}

# --- Node -----------------------------------------------------------------------------------------------------------

require_node() {
  local major
  command -v node >/dev/null || die "Node.js $minimum_node or newer is needed." "On Debian 13: apt install nodejs npm"
  major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
  [ "$major" -ge "$minimum_node" ] ||
    die "Node.js $minimum_node or newer is needed; $(command -v node) is $(node --version 2>/dev/null || echo broken)."
  command -v npm >/dev/null || die "npm is needed beside Node.js." "On Debian: apt install npm"
}

install_node_packages() { (cd web && npm ci --ignore-scripts --no-audit --no-fund); }

build_bridge() { (cd web && npm run build); }

# --- Browser --------------------------------------------------------------------------------------------------------

provide_browser() { "$venv/bin/python" scripts/provide_browser.py; }

installed_browsers() {
  command -v chromium-headless-shell chrome-headless-shell chromium chromium-browser google-chrome-stable google-chrome
}

# --------------------------------------------------------------------------------------------------------------------

main() {
  local python="" python_hash node_hash bridge_hash browser_hash version
  exec 7<> <(:)
  if command -v flock >/dev/null; then
    exec 9>"$stamps/lock"
    flock -n 9 || { say "another setup is at work here; waiting for it" && flock 9; }
  fi

  version=$("$venv/bin/python" -VV 2>/dev/null || true)
  python_hash=$(echo "$root $version $(hash_of requirements-dev.txt requirements.in pyproject.toml)" | sha256sum)
  if [ -z "$version" ] || ! is_done python "$python_hash" || ! [ -x "$venv/bin/pombo" ]; then
    if ! venv_works; then
      find_python
      run_step venv made "Python environment ($("$python" --version))" make_venv
    fi
    version=$("$venv/bin/python" -VV)
    python_hash=$(echo "$root $version $(hash_of requirements-dev.txt requirements.in pyproject.toml)" | sha256sum)
    run_step python "$python_hash" "Python packages (about 150 MB to fetch the first time)" install_python_packages
  fi

  require_node
  node_hash=$(hash_of web/package.json web/package-lock.json web/.npmrc)
  if ! is_done node "$node_hash" || ! [ -f web/node_modules/.package-lock.json ]; then
    run_step node "$node_hash" "npm packages (about 140 MB to fetch the first time)" install_node_packages
  fi

  bridge_hash=$(echo "$node_hash $(hash_of web/build.mjs web/bridge)" | sha256sum)
  if ! is_done bridge "$bridge_hash" || ! [ -d web/dist ]; then
    run_step bridge "$bridge_hash" "page bridge" build_bridge
  fi

  browser_hash=$(echo "$HOME ${BROWSER_PATH:-} ${POMBO_CACHE_DIR:-} ${XDG_CACHE_HOME:-} $(installed_browsers) $node_hash $(hash_of .env)" | sha256sum)
  if ! is_done browser "$browser_hash"; then
    run_step browser "$browser_hash" "browser (unpacks one of about 200 MB when none is installed)" provide_browser
    say "  $(tail -n 1 "$stamps/browser.log")"
  fi
  say "ready"
}

main
