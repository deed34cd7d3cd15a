#!/usr/bin/env bash
# What fetching costs: a hundred secrets of ten documents, from a server (a fake, in
# the benchmark) that takes 50 ms for each answer. First the store alone, in round
# trips, Vault beside vals as a library; then the whole programs; then AWS. vals is measured if
# .ci/obtain has it, or if --vals asks to build it (long).
#
#   bench/stores.sh [--vals]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cache=${XDG_CACHE_HOME:-$HOME/.cache}/maskrun-test
if [ "${1:-}" = --vals ] || compgen -G "$cache/vals-*/done" >/dev/null; then
	MASKRUN_TEST_VALS=$(.ci/obtain vals)
	MASKRUN_TEST_VALS_PEER=$scratch/vals-peer
	(cd bench/peers/vals && go build -buildvcs=false -o "$MASKRUN_TEST_VALS_PEER" .)
	export MASKRUN_TEST_VALS MASKRUN_TEST_VALS_PEER
fi
go test ./fetch/vault -run '^$' -bench 'Hundred|Programs' -benchtime 5x
go test ./fetch/aws -run '^$' -bench Hundred -benchtime 20x
