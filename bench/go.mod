// The benchmarks are a module of their own, so that the peers they compare with
// are no dependencies of maskrun.
module github.com/maskrun/maskrun/bench

go 1.26.0

require (
	github.com/BobuSumisu/aho-corasick v1.0.3
	github.com/cloudflare/ahocorasick v0.0.0-20240916140611-054963ec9396
	github.com/maskrun/maskrun v0.0.0
	github.com/petar-dambovaliev/aho-corasick v0.0.0-20250424160509-463d218d4745
)

replace github.com/maskrun/maskrun => ../
