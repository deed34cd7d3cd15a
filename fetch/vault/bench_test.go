package vault_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/fetchtest"
	"github.com/maskrun/maskrun/fetch/vault"
)

// latency is what every answer of the benchmarks' server takes.
const latency = 50 * time.Millisecond

// slowVault is a fake of ours: ten documents of ten fields in a KV engine of version
// 2, each answer as late as if the server were far away.
func slowVault(b *testing.B) *httptest.Server {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(latency)
		switch path := strings.TrimPrefix(r.URL.Path, "/v1/"); {
		case strings.HasPrefix(path, "sys/internal/ui/mounts"):
			fmt.Fprint(w, `{"data":{"path":"secret/","type":"kv","options":{"version":"2"}}}`)
		case strings.HasPrefix(path, "secret/data/d"):
			var fields []string
			for i := range 10 {
				fields = append(fields, fmt.Sprintf(`"k%d":"v-%s-%d"`, i, path, i))
			}
			fmt.Fprintf(w, `{"data":{"data":{%s},"metadata":{"version":1}}}`, strings.Join(fields, ","))
		default:
			fmt.Fprint(w, `{"data":{}}`)
		}
	}))
	b.Cleanup(s.Close)
	return s
}

// hundred are references to every field, with a path as it is written before or after data/.
func hundred(prefix string) []string {
	var refs []string
	for i := range 100 {
		refs = append(refs, fmt.Sprintf("%sd%d#/k%d", prefix, i/10, i%10))
	}
	return refs
}

// forms are the two ways to write the path of a secret; vals has the second only.
var forms = []string{"secret/data/", "secret/"}

// A hundred secrets of ten documents, in round trips of the server: at most three
// are promised, for the reading alone; beside vals, as a library too, where
// MASKRUN_TEST_VALS_PEER names the program in bench/peers. bench/stores.sh runs it.
func BenchmarkHundred(b *testing.B) {
	s := slowVault(b)
	env := fetch.Env{Getenv: fetchtest.Getenv(map[string]string{"VAULT_ADDR": s.URL, "VAULT_TOKEN": "tok"}), HTTP: fetchtest.Client(b)}
	for _, form := range forms {
		b.Run(form+" maskrun", func(b *testing.B) {
			var reqs []fetch.Request
			for i, text := range hundred("vault://" + form) {
				ref, err := fetch.ParseRef(text)
				if err != nil {
					b.Fatal(err)
				}
				reqs = append(reqs, fetch.Request{Name: fmt.Sprintf("V%d", i), Ref: ref, Trusted: true})
			}
			for b.Loop() {
				r := fetch.NewResolver(env, vault.Kind())
				if secrets, err := r.Resolve(b.Context(), reqs); err != nil || len(secrets) != 100 {
					b.Fatalf("%d secrets, error %v", len(secrets), err)
				}
				_ = r.Close()
			}
			report(b, b.Elapsed()/time.Duration(b.N))
		})
	}
	peer := os.Getenv("MASKRUN_TEST_VALS_PEER")
	if peer == "" {
		b.Log("NOT MEASURED: vals as a library, which MASKRUN_TEST_VALS_PEER would name")
		return
	}
	b.Run("secret/ vals", func(b *testing.B) {
		cmd := exec.Command(peer, strconv.Itoa(b.N))
		cmd.Env = append(cmd.Environ(), "VAULT_ADDR="+s.URL, "VAULT_TOKEN=tok")
		cmd.Stdin = strings.NewReader(strings.Join(hundred("vault://secret/"), "\n"))
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		took, bad := strconv.Atoi(strings.TrimSpace(string(out)))
		if err != nil || bad != nil {
			b.Fatalf("vals-peer: %v, output %q", err, out)
		}
		report(b, time.Duration(took))
	})
}

func report(b *testing.B, each time.Duration) {
	b.ReportMetric(float64(each.Nanoseconds()), "ns/op")
	b.ReportMetric(each.Seconds()/latency.Seconds(), "round-trips/op")
}

// The same by the whole programs, start and what maskrun does with the values included,
// beside vals where it is at hand: MASKRUN_TEST_VALS names it.
func BenchmarkPrograms(b *testing.B) {
	s := slowVault(b)
	dir := b.TempDir()
	for _, name := range []string{"maskrun", "maskrun-stores"} {
		if out, err := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", filepath.Join(dir, name), "../../cmd/"+name).CombinedOutput(); err != nil {
			b.Fatalf("%v\n%s", err, out)
		}
	}
	var dotenv, yaml strings.Builder
	for i, ref := range hundred("vault://secret/") {
		fmt.Fprintf(&dotenv, "V%d=%s\n", i, ref)
		fmt.Fprintf(&yaml, "V%d: ref+%s\n", i, ref)
	}
	for name, text := range map[string]string{"env": dotenv.String(), "vals.yaml": yaml.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	programs := map[string][]string{"maskrun": {filepath.Join(dir, "maskrun"), "run", "--env-file", "env", "--", "env"}}
	if vals := os.Getenv("MASKRUN_TEST_VALS"); vals != "" {
		programs["vals"] = []string{vals, "eval", "-f", "vals.yaml"}
	} else {
		b.Log("NOT MEASURED: vals, which MASKRUN_TEST_VALS would name (.ci/obtain vals)")
	}
	for name, argv := range programs {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				cmd := exec.Command(argv[0], argv[1:]...)
				cmd.Dir = dir
				cmd.Env = append(cmd.Environ(), "VAULT_ADDR="+s.URL, "VAULT_TOKEN=tok")
				if out, err := cmd.CombinedOutput(); err != nil {
					b.Fatalf("%v\n%s", err, out)
				}
			}
			report(b, b.Elapsed()/time.Duration(b.N))
		})
	}
}
