package env_test

import (
	"testing"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/env"
	"github.com/maskrun/maskrun/fetch/fetchtest"
)

func TestConformance(t *testing.T) {
	fetchtest.Run(t, fetchtest.Harness{
		Kind:     env.Kind(),
		Env:      fetch.Env{Getenv: fetchtest.Getenv(map[string]string{"TOKEN": fetchtest.Canary})},
		Path:     "TOKEN",
		Want:     []byte(fetchtest.Canary),
		Missing:  "ABSENT",
		NoServer: true,
	})
}
