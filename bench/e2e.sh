#!/usr/bin/env bash
# End to end: `producer | cat | reader` beside `producer | maskrun mask | reader`
# and `maskrun run -- producer | reader`, medians of 5 rounds. Linux.
#
#   bench/e2e.sh
#   bench/e2e.sh -mb 500 -rounds 3
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export GOFLAGS="${GOFLAGS:-} -buildvcs=false" CGO_ENABLED=0
(cd .. && go build -trimpath -ldflags='-s -w' -o "$scratch/maskrun" ./cmd/maskrun)
go build -o "$scratch/e2e" ./e2e
"$scratch/e2e" -dir "$scratch" "$@"
