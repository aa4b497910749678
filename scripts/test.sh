#!/usr/bin/env bash
# pytest, in several worker processes where it runs many tests: two per processor, four at most.
#
#   scripts/test.sh                        all tests
#   scripts/test.sh -m servers DIRECTORY   those of a directory that use the servers
#   scripts/test.sh -k NAME                some tests: in one process, which starts at once and can be looked into
set -euo pipefail
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

# A file's tests stay together, in their order: its servers and browsers are started once. The costly files come first.
# The tests with browsers and servers wait more than they compute: one worker per processor leaves half of it idle.
processors=$(getconf _NPROCESSORS_ONLN)
workers=(-n "$((processors * 2 < 4 ? processors * 2 : 4))" --dist loadfile --no-loadscope-reorder)
for argument in "$@"; do
  case $argument in
    # What names tests, or wants one process: to look on, to stop at, to count.
    -k* | *.py | *::* | -s | -x | --pdb | --lf | --ff | --sw | -n* | -p | --collect-only | --co) workers=() ;;
  esac
done
exec pytest "${workers[@]}" "$@"
