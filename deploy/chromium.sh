#!/bin/sh
# Makes a Chromium available to the browser tests: one that is there, Debian's, or Playwright's own.
set -u
cd "$(dirname "$0")/.."

for browser in chromium chromium-browser google-chrome; do
    command -v "$browser" >/dev/null 2>&1 && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    echo "Installing Chromium for the browser tests ..."
    apt-get update -qq && apt-get install -y -qq chromium >/dev/null && exit 0
fi
.venv/bin/python -m playwright install chromium && exit 0
echo "No Chromium could be installed: the browser tests will say so." >&2
exit 0
