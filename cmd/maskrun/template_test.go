package main_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// An input of the component, as GitLab's header spec: has them.
type templateInput struct {
	Description string `yaml:"description"`
	Type        string `yaml:"type"`
	Default     any    `yaml:"default"`
}

// The component is what GitLab wants one to be: two documents, inputs with type and
// default, each used, none used that is not declared; and with its defaults filled
// in it is YAML with the jobs that docs/gitlab.md speaks of.
func TestTemplate(t *testing.T) {
	data, err := os.ReadFile("../../templates/maskrun/template.yml")
	if err != nil {
		t.Fatal(err)
	}
	head, body, ok := strings.Cut(string(data), "\n---\n")
	if !ok || strings.Contains(body, "\n---") {
		t.Fatal("want a header and one document")
	}
	var header struct {
		Spec struct {
			Inputs map[string]templateInput `yaml:"inputs"`
		} `yaml:"spec"`
	}
	if err := yaml.Unmarshal([]byte(head), &header); err != nil {
		t.Fatal(err)
	}
	use := regexp.MustCompile(`\$\[\[ inputs\.([a-z-]+) \]\]`)
	used := map[string]bool{}
	filled := use.ReplaceAllStringFunc(body, func(s string) string {
		name := use.FindStringSubmatch(s)[1]
		used[name] = true
		switch v := header.Spec.Inputs[name].Default.(type) {
		case string:
			return v
		case bool:
			return "false"
		}
		t.Errorf("input %s is used, and not declared with a default", name)
		return ""
	})
	for name, in := range header.Spec.Inputs {
		if !used[name] || in.Description == "" || !slices.Contains([]string{"string", "boolean", "number", "array"}, in.Type) {
			t.Errorf("input %s: %+v, used: %v", name, in, used[name])
		}
	}
	var jobs map[string]struct {
		Image        string   `yaml:"image"`
		BeforeScript []string `yaml:"before_script"`
		Extends      string   `yaml:"extends"`
	}
	if err := yaml.Unmarshal([]byte(filled), &jobs); err != nil {
		t.Fatal(err)
	}
	if jobs[".maskrun"].Image == "" || len(jobs[".maskrun-hook"].BeforeScript) != 1 || jobs[".maskrun-hook"].Extends != ".maskrun-variables" {
		t.Errorf("%+v", jobs)
	}
	for _, name := range []string{"MASKRUN_CONFIG", "MASKRUN_ENVIRONMENT", "MASKRUN_SECRETS", "VAULT_SERVER_URL", "VAULT_AUTH_ROLE"} {
		if !strings.Contains(filled, "    "+name+": ") {
			t.Errorf("no variable %s", name)
		}
	}
}
