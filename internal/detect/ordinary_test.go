package detect

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"strings"
)

// ordinary returns about n bytes of lines that tools print and that hold no
// credential, though much that looks random.
func ordinary(rng *rand.Rand, n int) string {
	hex := func(n int) string { return random(alphabet('x'), n, rng) }
	any := func(n int) string { return random(alphabet('A'), n, rng) }
	b64 := func(n int) string { return base64.StdEncoding.EncodeToString([]byte(any(n))) }
	words := strings.Fields("task-sk-learn disk ask-me npm_config_registry hf_hub_download AKIRA pattern SKU key-value secret_name " +
		"s.replaceAll() s.ReadUint16LengthPrefixed pat MTU ODT glob eyJust sbp xai-grok re_compile glc secret_manager_client github_path pulse- dapi AccountKey= sig=")
	lines := []func() string{
		func() string {
			return "npm http fetch GET 200 https://registry.npmjs.org/lodash/-/lodash-4.17.21.tgz " + hex(40)
		},
		func() string { return `"integrity": "sha512-` + b64(64) + `"` },
		func() string { return "github.com/spf13/cobra v1.8.0 h1:" + b64(32)[:43] + "=" },
		func() string { return "#8 sha256:" + hex(64) + " 31.4MB / 31.4MB 0.9s done" },
		func() string { return "Pulling docker://alpine:3.18@sha256:" + hex(64) },
		func() string { return "commit " + hex(40) + "\nAuthor: A U Thor <author@example.com>" },
		func() string {
			return fmt.Sprintf("pod/web-%s-%s 1/1 Running 0 %dm", hex(10), hex(5), rng.IntN(60))
		},
		func() string {
			return fmt.Sprintf("epoch %d: 100%%|%s| %d/%d [00:12<00:00, loss=0.%d]", rng.IntN(9), strings.Repeat("#", 10), 10, 10, rng.IntN(999))
		},
		func() string {
			return "arn:aws:iam::123456789012:role/" + any(12) + " uuid " + hex(8) + "-" + hex(4) + "-" + hex(4) + "-" + hex(4) + "-" + hex(12)
		},
		func() string {
			return "http://localhost:8080/healthz http://user@host:22/path ssh://git@github.com:22/a/b.git"
		},
		func() string {
			return "cloning https://x-access-token:***@github.com/o/r.git and redis://:$REDIS_PASSWORD@redis:6379"
		},
		func() string { return "data:image/png;base64," + b64(300) },
		func() string { return "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" + any(43) + " me@host" },
		func() string {
			return "-----BEGIN CERTIFICATE-----\n" + b64(48) + "\n" + b64(48) + "\n-----END CERTIFICATE-----"
		},
		func() string { return "-----BEGIN PUBLIC KEY-----\n" + b64(48) + "\n-----END PUBLIC KEY-----" },
		func() string { return "error: expected -----BEGIN " + "PRIVATE KEY----- in the file key.pem" },
		func() string {
			return "\x1b[32mPASS\x1b[0m tests/" + words[rng.IntN(len(words))] + "_test.py::test_" + any(8)
		},
		func() string { return "at com.example." + any(20) + "." + any(30) + "(" + any(10) + ".java:42)" },
		func() string { return "AWS_ACCESS_KEY_ID=AKIAIOSFODNN7" + "EXAMPLE" },
		func() string { return strings.Join(words[rng.IntN(len(words)/2):], " ") },
	}
	var out strings.Builder
	for out.Len() < n {
		out.WriteString(lines[rng.IntN(len(lines))]())
		out.WriteByte('\n')
	}
	return out.String()
}
