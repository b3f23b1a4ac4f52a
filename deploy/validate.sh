#!/usr/bin/env bash
# Checks the Dockerfile, the Compose file and the Helm chart (every values file of it), without Docker and without a
# cluster. Fetches what it needs once, into the cache: about two minutes; then some seconds. deploy/README.md says more.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
node deploy/local/setup.mjs
exec node_modules/.bin/node deploy/validate/main.ts "$@"
