package light_test

import (
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/light"
)

// The table opens nothing and has no scheme twice (NewResolver panics on that).
func TestKinds(t *testing.T) {
	r := fetch.NewResolver(fetch.Env{}, light.Kinds()...)
	for _, scheme := range []string{"env", "file", "json", "yaml", "ini", "dotenv", "docker", "k8s", "age", "ansible-vault", "openssl", "op", "doppler", "infisical", "keyring", "exec"} {
		if k, ok := r.Lookup(scheme); !ok || k.Help == "" {
			t.Errorf("no store, or no help, for %s", scheme)
		}
	}
}
