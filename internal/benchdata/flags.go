package benchdata

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Flags makes the secrets of S1 or S2 known to the program maskrun: it writes an
// env file and a configuration into dir, and returns the flags that name them. S1
// is looked for as it is, S2 in the groups of encodings that are most of its forms.
func Flags(dir, set string) ([]string, error) {
	values, encodings := secrets(10, 16), "none"
	if set == "S2" {
		values, encodings = secrets(100, 8), "[base64, hex, percent]"
	}
	var env strings.Builder
	for i, v := range values {
		fmt.Fprintf(&env, "V%d=%q\n", i, v)
	}
	secretFile, configFile := filepath.Join(dir, set+".env"), filepath.Join(dir, set+".yaml")
	if err := os.WriteFile(secretFile, []byte(env.String()), 0o600); err != nil {
		return nil, err
	}
	config := "version: 1\nmask: { encodings: " + encodings + " }\n"
	err := os.WriteFile(configFile, []byte(config), 0o600)
	return []string{"--mask-env=", "-c", configFile, "--env-file", secretFile}, err
}
