#!/usr/bin/env bash
# Makes the vectors anew: what foreign tools print for values.jsonl. vectors.py
# says what the files hold; what a tool cannot be asked, and why, is said where its
# forms are listed: cli.py, python.py, foreign.py (node, Go, Perl, Java), rules.py.
#
#   generate.sh            all
#   generate.sh --values   new keys and values first
#
# Needs bash, dash, coreutils, xxd, hexdump, openssl, jq, python3 (PyYAML, requests
# and MarkupSafe if their vectors shall be new), node, go, perl, java. Linux with
# Debian's packages; the heads in the files name the versions.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export PYTHONDONTWRITEBYTECODE=1

[ "${1:-}" != --values ] || python3 values.py values.jsonl
for generator in cli python foreign rules; do
	python3 "$generator.py"
done
bytes=$(cat ./*.jsonl | wc -c)
echo "$(cat ./*.jsonl | grep -c '"in":') vectors of $(cat ./*.jsonl | grep -c '"form":') forms, $((bytes / 1024)) KiB"
[ "$bytes" -lt 6000000 ] || { echo 'that is more than 6 MB' >&2; exit 1; }
