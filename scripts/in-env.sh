#!/usr/bin/env bash
# Runs a command inside the project's environment: `scripts/in-env.sh pytest -k jid`.
# It replaces itself with the command, so that signals and the exit status are the command's own.
set -euo pipefail
# shellcheck source=scripts/environment.sh
. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"
exec "$@"
