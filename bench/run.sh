#!/usr/bin/env bash
# All figures of docs/performance.md, in one run of about ten minutes:
#
#   bench/run.sh --write    put them into docs/performance.md
#   bench/run.sh            print them
#   bench/run.sh -rounds 3 -tables throughput -engines Replacer,ripgrep
#
# Other flags go to the program (bench/main.go; -h lists them). The end-to-end figures
# of e2e.sh follow, with the flags in E2E, unless tables are chosen. Needs Go; the first
# run fetches the Go peers. Peers in other languages are measured where they can be
# had, and named with the reason where not:
#
#   apt-get install ripgrep gcc libvectorscan-dev     (or libhyperscan-dev)
#   apt-get install cargo librust-aho-corasick-dev
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")"
read -ra e2e <<<"${E2E:-}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
log=$scratch/build.log

# Built with the same flags as a release. Not stamped: the clone may be another user's.
export GOFLAGS="${GOFLAGS:-} -buildvcs=false" CGO_ENABLED=0

build_rust() {
	local registry=/usr/share/cargo/registry
	command -v cargo >/dev/null && [ -n "$(compgen -G "$registry/aho-corasick-*")" ] || return 1
	(cd peers/rust && CARGO_TARGET_DIR=$scratch/target cargo build --release --offline \
		--config "source.crates-io.replace-with='debian'" --config "source.debian.directory='$registry'") >"$log" 2>&1 ||
		{ cat "$log" >&2; return 1; }
	rm -f peers/rust/Cargo.lock
	mv "$scratch/target/release/rust-peer" "$scratch/rust-peer"
}

build_vectorscan() {
	local include
	for include in /usr/include/hs /usr/local/include/hs; do
		[ -f "$include/hs.h" ] || continue
		cc -O2 -Wall -I "$include" -o "$scratch/vectorscan-peer" peers/vectorscan/main.c -lhs >"$log" 2>&1 && return
		cat "$log" >&2
	done
	return 1
}

# versions names what is compared, one line each.
versions() {
	local pkg
	go list -m -f '{{if not .Indirect}}{{.Path}} {{.Version}}{{end}}' all | grep -v 'maskrun/maskrun' || :
	command -v rg >/dev/null && rg --version | sed -n 1p
	for pkg in librust-aho-corasick-dev libvectorscan-dev libhyperscan-dev; do
		dpkg-query -W -f '${Package} ${Version} ${Status}\n' "$pkg" 2>/dev/null | sed -n 's/ install ok installed$//p' || : # not installed
	done
}

machine() {
	local model
	model=$(sed -n 's/^model name[[:space:]]*: //p' /proc/cpuinfo 2>/dev/null | head -n 1)
	echo "${model:-$(uname -m)}, $(getconf _NPROCESSORS_ONLN) CPUs, $(uname -sr), load $(cut -d' ' -f1 /proc/loadavg 2>/dev/null || echo unknown) at the start"
}

(cd .. && go build -trimpath -ldflags='-s -w' -o "$scratch/maskrun" ./cmd/maskrun)
go build -o "$scratch/bench" .
build_rust || echo 'run.sh: no Rust peer' >&2
build_vectorscan || echo 'run.sh: no vectorscan' >&2

figures() {
	local begun=$SECONDS
	echo "Measured $(date -u +%Y-%m-%d) at $(git -c safe.directory='*' describe --always --dirty='+changes' 2>/dev/null || echo 'an unknown commit'), $(go env GOVERSION). $(machine)."
	echo
	echo 'Peers:'
	versions | sed 's/^/- /'
	echo
	"$scratch/bench" -dir "$scratch" "$@"
	case " $* " in
	*' -tables '*) ;;
	*) ./e2e.sh "${e2e[@]}" ;;
	esac
	echo
	echo "All of it took $((SECONDS - begun)) s."
}

if [ "${1:-}" = --write ]; then
	shift
	page=../docs/performance.md
	figures "$@" >"$scratch/figures"
	sed -e '/^<!-- figures -->$/q' "$page" >"$scratch/page"
	{
		echo
		cat "$scratch/figures"
		echo
		sed -n '/^<!-- end of figures -->$/,$p' "$page"
	} >>"$scratch/page"
	cat "$scratch/page" >"$page"
else
	figures "$@"
fi
