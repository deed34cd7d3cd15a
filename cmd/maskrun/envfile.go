package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/fetch/dotenv"
)

// fromEnvFiles reads the dotenv files; a later one wins over an earlier one.
func (g *gatherer) fromEnvFiles() []wanted {
	var layers [][]wanted
	for _, path := range slices.Backward(g.flags.envFiles) {
		list, err := g.envFile(path)
		if err != nil {
			g.fail(fmt.Errorf("--env-file %s: %w", path, err))
		}
		layers = append(layers, list)
	}
	return merge(layers...)
}

// envFile reads one file. Every value of it is a secret, or a reference to one.
// A reference is trusted as those of maskrun.yaml are: the file may be part of
// a pull request.
func (g *gatherer) envFile(path string) ([]wanted, error) {
	data, dir, err := readEnvFile(path, g.here)
	if err != nil {
		return nil, err
	}
	defer clear(data)
	pairs, err := dotenv.Parse(data)
	if err != nil {
		return nil, err
	}
	var out []wanted
	for _, pair := range pairs {
		w := wanted{name: pair.Key, from: fetch.Place{File: path, At: fmt.Sprintf(":%d", pair.Line)}, dir: dir, trusted: g.flags.trusted}
		if fetch.LooksLikeRef(pair.Value, g.schemes) {
			if w.ref, err = fetch.ParseRef(pair.Value); err != nil {
				g.bad = append(g.bad, fmt.Errorf("%s: %s: %s", w.from, w.name, fetch.Mistake(err, notHere)))
				continue
			}
		} else {
			value := fetch.NewValue([]byte(pair.Value))
			w.literal = &value
		}
		out = append(out, w)
	}
	return out, nil
}

// readEnvFile reads a file or a pipe (a shell's <(…)) of bounded size, and says
// where its relative references start: in its directory, if it has one.
func readEnvFile(path, here string) (data []byte, dir string, err error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, "", pathless(err)
	}
	defer f.Close()
	data, err = io.ReadAll(io.LimitReader(f, fetch.MaxDocument+1))
	switch {
	case err != nil:
		return nil, "", pathless(err)
	case len(data) > fetch.MaxDocument:
		return nil, "", fmt.Errorf("larger than 1 MiB")
	}
	dir = here
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		if dir, err = filepath.Abs(filepath.Dir(path)); err != nil {
			return nil, "", err
		}
	}
	return data, dir, nil
}
