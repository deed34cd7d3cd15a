package aws

import (
	"encoding/json"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/maskrun/maskrun/fetch"
)

// maxPages bounds a list: a server that never comes to an end is none of AWS's.
const maxPages = 100

// pages calls for page after page, each with the token that the one before gave, until
// one gives none.
func pages(page func(token *string) (next *string, err error)) error {
	var token *string
	for range maxPages {
		next, err := page(token)
		if err != nil || aws.ToString(next) == "" {
			return err
		}
		token = next
	}
	return fmt.Errorf("more than %d pages: name less of it: %w", maxPages, fetch.ErrDenied)
}

// A gathering is what the pages of a list hold, by name: one document.
type gathering struct {
	found map[string]string
	size  int
}

func (g *gathering) add(name, value string) error {
	if g.found == nil {
		g.found = map[string]string{}
	}
	g.found[name] = value
	if g.size += len(value); g.size > fetch.MaxDocument {
		return fmt.Errorf("larger than 1 MiB together: name less of it: %w", fetch.ErrDenied)
	}
	return nil
}

// document is tree, made of what was found, as JSON; with nothing in it none, as the error says.
func (g *gathering) document(tree any, none string) (fetch.Document, error) {
	if len(g.found) == 0 {
		return fetch.Document{}, fmt.Errorf("%s: %w", none, fetch.ErrNotFound)
	}
	data, err := json.Marshal(tree)
	return fetch.Document{Data: data, Format: fetch.JSON}, err
}
