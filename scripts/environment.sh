# Sourced by the other scripts: one known environment, whoever starts them and from wherever.
# Leaves the caller in the project's root.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
cd "$root" || exit 1

# A foreign environment's modules and prefix must not leak into ours.
unset PYTHONHOME PYTHONPATH VIRTUAL_ENV
# Without bytecode on disk each of the many Python processes compiles all that it loads anew, for seconds.
unset PYTHONDONTWRITEBYTECODE

if ! mkdir -p .cache/setup 2>/dev/null || ! [ -w . ] || ! [ -w .cache ] || ! [ -w .cache/setup ]; then
  echo "error: user $(id -u) can't write to $root or its .cache, where setup keeps its files;" >&2
  echo "       run it as the user who owns them, or give them to this one." >&2
  exit 1
fi

# uv, npm and Chromium want a home they can write to; a service account or a container may have none.
if [ -z "${HOME:-}" ] || ! [ -d "$HOME" ] || ! [ -w "$HOME" ]; then
  export HOME="$root/.cache/home"
  mkdir -p "$HOME"
  # Caches that were set by hand stay; those that would follow the old home move with it.
  unset XDG_CACHE_HOME XDG_CONFIG_HOME XDG_DATA_HOME XDG_STATE_HOME
fi

# Trust what the machine trusts: uv, pip and Node each bring a list of their own, which lacks a company's proxy.
if [ -r /etc/ssl/certs/ca-certificates.crt ]; then
  export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-1}"
  export PIP_CERT="${PIP_CERT:-/etc/ssl/certs/ca-certificates.crt}"
  export NODE_EXTRA_CA_CERTS="${NODE_EXTRA_CA_CERTS:-/etc/ssl/certs/ca-certificates.crt}"
fi

PATH="$root/.venv/bin:$PATH"
export PATH
