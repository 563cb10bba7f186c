#!/bin/sh
# Makes .venv and installs a lock file's packages into it: deploy/environment.sh LOCKFILE
set -eu
cd "$(dirname "$0")/.."
lock=$1

python=
for candidate in python3 python3.14 python3.13 python3.12 python3.11; do
    if command -v "$candidate" >/dev/null 2>&1 &&
        "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 15))'; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "Wristchart needs Python 3.11, 3.12, 3.13 or 3.14; found: $(python3 --version 2>&1 || echo none)." >&2
    echo "Install one of them beside it, such as python3.13; it is found by that name." >&2
    exit 1
fi

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

if [ ! -x .venv/bin/pip ]; then
    rm -rf .venv
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        # Debian and Ubuntu ship python3 without what a virtual environment needs.
        version=$("$python" -c 'import sys; print("python3.%d-venv" % sys.version_info[1])')
        echo "Installing $version ..."
        { as_root apt-get update -qq && as_root apt-get install -y -qq "$version" >/dev/null; } || {
            echo "Python's venv module is missing. Run: sudo apt-get install $version" >&2
            exit 1
        }
    fi
    "$python" -m venv .venv
fi

pip() { .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-compile "$@"; }

# uv takes seconds where pip takes a minute, but knows none of pip's settings: then pip does it.
# Neither compiles what it installs: Python does what it imports, and all takes longer than the rest.
install() {
    UV_HTTP_TIMEOUT=10 UV_HTTP_RETRIES=1 \
        .venv/bin/uv pip install --quiet --python .venv/bin/python "$@" 2>/dev/null || pip "$@"
}

echo "Installing the locked packages (once; up to a minute or two) ..."
pip --require-hashes -r deploy/installer.lock || echo "Going on without uv." >&2
install --require-hashes -r "$lock"
install --no-deps --no-build-isolation -e .
