#!/usr/bin/env bash
# What fetching costs: a hundred secrets of ten documents, from a server (a fake, in
# the benchmark) that takes 50 ms for each answer. First the store alone, in round
# trips; then the whole programs beside vals, if .ci/obtain has it or --vals asks to
# build it (long).
#
#   bench/stores.sh [--vals]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cache=${XDG_CACHE_HOME:-$HOME/.cache}/maskrun-test
if [ "${1:-}" = --vals ] || compgen -G "$cache/vals-*/done" >/dev/null; then
	MASKRUN_TEST_VALS=$(.ci/obtain vals)
	export MASKRUN_TEST_VALS
fi
go test ./fetch/vault -run '^$' -bench 'Hundred|Programs' -benchtime 5x
