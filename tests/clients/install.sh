#!/bin/sh
# install.sh: what package-lock.json names, from the npm registry, when it is
# not there already.  Test-only: nothing of it is built in or shipped.
set -eu
cd "$(dirname "$0")"
cmp -s package-lock.json node_modules/.installed-lock.json && exit 0
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
cp package-lock.json node_modules/.installed-lock.json
