package fetch_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/maskrun/maskrun/fetch"
)

func TestReadCiphertext(t *testing.T) {
	blob := []byte("\x01\x02\xfb\xff, bytes of a key service")
	std, address := base64.StdEncoding.EncodeToString(blob), base64.RawURLEncoding.EncodeToString(blob)
	for _, c := range []struct {
		why, name, content string
		format             fetch.Format
		err                error
	}{
		{"its bytes", "a.json.enc", string(blob), fetch.JSON, nil},
		{"base64, wrapped", "b.yaml.b64", std[:20] + "\n" + std[20:] + "\n", fetch.YAML, nil},
		{"the alphabet of addresses, without padding", "c.env.encrypted.base64", address, fetch.Dotenv, nil},
		{"two endings of which one is known", "d.bin.kms", std, fetch.Auto, nil},
		{"nothing", "e", "", fetch.Auto, fetch.ErrDenied},
		{"more than the service takes", "f", string(blob) + "!", fetch.Auto, fetch.ErrDenied},
		{"blanks are no base64 of nothing", "g", "   ", fetch.Auto, nil},
	} {
		t.Run(c.why, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), c.name)
			if err := os.WriteFile(path, []byte(c.content), 0o600); err != nil {
				t.Fatal(err)
			}
			got, format, err := fetch.Env{Trusted: true}.ReadCiphertext(path, len(blob))
			want := blob
			if c.name == "g" {
				want = []byte(c.content)
			}
			if !errors.Is(err, c.err) || err == nil && (!bytes.Equal(got, want) || format != c.format) {
				t.Errorf("%q, format %v, error %v", got, format, err)
			}
		})
	}
}
