package aws_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/aws"
)

// hundred puts ten secrets of ten keys each into f, and gives a request for every key.
func hundred(t testing.TB, f *fakeAWS) []fetch.Request {
	t.Helper()
	var reqs []fetch.Request
	for d := range 10 {
		doc := map[string]string{}
		for k := range 10 {
			doc[fmt.Sprint("k", k)] = fmt.Sprint("value ", d, k)
			ref := fetch.Ref{Scheme: "aws-sm", Path: fmt.Sprint("doc/", d), Field: fmt.Sprint("/k", k)}
			reqs = append(reqs, fetch.Request{Name: fmt.Sprint("S", d, k), Ref: ref})
		}
		text, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		f.secrets[fmt.Sprint("doc/", d)] = fakeSecret{text: string(text)}
	}
	return reqs
}

func resolveHundred(t testing.TB, env fetch.Env, reqs []fetch.Request) {
	t.Helper()
	r := fetch.NewResolver(env, aws.SecretsManager())
	defer r.Close()
	secrets, err := r.Resolve(t.Context(), reqs)
	if err != nil || len(secrets) != 100 || string(secrets[99].Value.Reveal()) != fmt.Sprint("value ", 9, 9) {
		t.Fatalf("%d secrets, error %v", len(secrets), err)
	}
}

// inRole is the world of a job that has a token and a role, and no keys.
func inRole(t testing.TB, f *fakeAWS) fetch.Env {
	t.Helper()
	noKeys(t)
	env, _ := job(f.env(), jobToken, nil)
	env.Config = map[string]any{"aws-sm": map[string]any{"role": roleARN}}
	return env
}

// A hundred secrets of ten documents are one call, and one more to assume the role: what
// they cost is two round trips, whatever the latency. FAULTS 95
func TestRoundTrips(t *testing.T) {
	f := newFake(t)
	reqs := hundred(t, f)
	resolveHundred(t, inRole(t, f), reqs)
	if got := told(f); got != "AssumeRoleWithWebIdentity nobody, BatchGetSecretValue job" {
		t.Errorf("calls: %s", got)
	}
}

// latency is what every answer of the benchmark's server takes.
const latency = 50 * time.Millisecond

// The same, from a server that takes its time: at most two round trips are promised, for the
// reading alone; beside vals, where MASKRUN_TEST_VALS_PEER names the program in bench/peers.
// bench/stores.sh runs it.
func BenchmarkHundred(b *testing.B) {
	f := newFake(b)
	reqs := hundred(b, f)
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(latency)
		f.ServeHTTP(w, r)
	}))
	b.Cleanup(slow.Close)
	b.Setenv("AWS_ENDPOINT_URL", slow.URL)
	for _, c := range []struct {
		why string
		env func() fetch.Env
	}{
		{"keys of the environment", f.env},
		{"the job's token and a role", func() fetch.Env { return inRole(b, f) }},
	} {
		env := c.env()
		b.Run(c.why, func(b *testing.B) {
			for b.Loop() {
				resolveHundred(b, env, reqs)
			}
			report(b, b.Elapsed()/time.Duration(b.N))
		})
	}
	benchmarkVals(b, reqs)
}

func report(b *testing.B, each time.Duration) {
	b.ReportMetric(float64(each.Nanoseconds()), "ns/op")
	b.ReportMetric(each.Seconds()/latency.Seconds(), "round-trips/op")
}

// benchmarkVals is vals as a library, with keys of the environment.
func benchmarkVals(b *testing.B, reqs []fetch.Request) {
	peer := os.Getenv("MASKRUN_TEST_VALS_PEER")
	if peer == "" {
		b.Log("NOT MEASURED: vals as a library, which MASKRUN_TEST_VALS_PEER would name")
		return
	}
	var refs strings.Builder
	for _, r := range reqs {
		fmt.Fprintf(&refs, "awssecrets://%s#%s\n", r.Ref.Path, r.Ref.Field)
	}
	b.Run("vals, keys of the environment", func(b *testing.B) {
		b.Setenv("AWS_ACCESS_KEY_ID", staticKey)
		b.Setenv("AWS_SECRET_ACCESS_KEY", staticValue)
		cmd := exec.Command(peer, strconv.Itoa(b.N))
		var says bytes.Buffer // it tells of every secret
		cmd.Stdin, cmd.Stderr = strings.NewReader(refs.String()), &says
		out, err := cmd.Output()
		took, bad := strconv.Atoi(strings.TrimSpace(string(out)))
		if err != nil || bad != nil {
			b.Fatalf("vals-peer: %v, output %q\n%s", err, out, &says)
		}
		report(b, time.Duration(took))
	})
}
