package identity

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/maskrun/maskrun/fetch"
)

// A place is where tokens can come from. There says whether a job has it, without
// reading anything; find gives its tokens.
type place struct {
	there func(g *giver) bool
	find  func(ctx context.Context, g *giver, audience string) ([]claims, error)
}

// places is the table, in order.
var places = []place{
	fileIn("MASKRUN_ID_TOKEN_FILE"),
	{func(g *giver) bool { return g.env["MASKRUN_ID_TOKEN"] != "" }, named("MASKRUN_ID_TOKEN")},
	{func(g *giver) bool { return g.env[githubURL] != "" && g.env[githubToken] != "" && g.o.HTTP != nil }, fromGitHub},
	{func(g *giver) bool { return len(g.variables()) > 0 }, fromVariables},
	fileIn("AWS_WEB_IDENTITY_TOKEN_FILE"),
	fileIn("AZURE_FEDERATED_TOKEN_FILE"),
}

// named gives the token of one variable, which must hold one.
func named(name string) func(context.Context, *giver, string) ([]claims, error) {
	return func(_ context.Context, g *giver, _ string) ([]claims, error) {
		c, ok := parse(name, g.env[name])
		if !ok {
			return nil, fmt.Errorf("%s holds no token (JWT)", name)
		}
		return []claims{c}, nil
	}
}

// fileIn is the place of a file that a variable names.
func fileIn(name string) place {
	return place{
		there: func(g *giver) bool { return g.env[name] != "" && g.o.ReadFile != nil },
		find: func(_ context.Context, g *giver, _ string) ([]claims, error) {
			data, err := g.o.ReadFile(g.env[name])
			if err != nil {
				return nil, fmt.Errorf("the file of %s cannot be read", name)
			}
			defer clear(data)
			c, ok := parse("the file of "+name, string(data))
			if !ok {
				return nil, fmt.Errorf("the file of %s holds no token (JWT)", name)
			}
			return []claims{c}, nil
		},
	}
}

// conventional are the names that id_tokens: and other CI systems use by custom.
// They come first, in this order, for a request that names no audience.
var conventional = []string{
	"VAULT_ID_TOKEN", "GITLAB_OIDC_TOKEN", "GCP_ID_TOKEN", "AWS_ID_TOKEN", "AZURE_ID_TOKEN", "ID_TOKEN",
	"CIRCLE_OIDC_TOKEN_V2", "CIRCLE_OIDC_TOKEN", "BITBUCKET_STEP_OIDC_TOKEN", "BUILDKITE_OIDC_TOKEN",
}

// variables lists the variables that hold a token: those of conventional names,
// then all others with an audience, by name.
func (g *giver) variables() []claims {
	var out []claims
	take := func(name string, custom bool) {
		c, ok := parse(name, g.env[name])
		if ok && (custom || len(c.audiences) > 0) {
			out = append(out, c)
		}
	}
	for _, name := range conventional {
		take(name, true)
	}
	for _, name := range slices.Sorted(maps.Keys(g.env)) {
		if !slices.Contains(conventional, name) && !strings.HasPrefix(name, "MASKRUN_") && name != githubToken {
			take(name, false)
		}
	}
	return out
}

// fromVariables leaves the choice to the audience. Without one only the names of custom count.
func fromVariables(_ context.Context, g *giver, audience string) ([]claims, error) {
	found := g.variables()
	if audience == "" {
		found = slices.DeleteFunc(found, func(c claims) bool { return !slices.Contains(conventional, c.from) })
	}
	if len(found) == 0 {
		return nil, errors.New("several variables hold tokens: say which audience is meant")
	}
	return found, nil
}

// errNotGitHub is for an answer that is none.
var errNotGitHub = fmt.Errorf("GitHub's token service answered without a token: %w", fetch.ErrUnavailable)
