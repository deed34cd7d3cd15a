// Package file holds the stores that are plain files: file, json, yaml, ini and dotenv.
//
// They differ in how a field is selected. A file:// reference goes by the
// file's extension. Where files may lie is decided by [fetch.Env.ReadFile].
package file

import (
	"context"
	"net/url"

	"github.com/maskrun/maskrun/fetch"
)

// Kinds are the rows of the table.
func Kinds() []fetch.Kind {
	return []fetch.Kind{
		kind("file", fetch.Auto, "a file, or a field of one whose extension tells its format"),
		kind("json", fetch.JSON, "a field of a JSON file"),
		kind("yaml", fetch.YAML, "a field of a YAML file"),
		kind("ini", fetch.INI, "a key of an INI file, as Python's configparser reads it"),
		kind("dotenv", fetch.Dotenv, "a key of a dotenv file; nothing is expanded"),
	}
}

func kind(scheme string, format fetch.Format, help string) fetch.Kind {
	open := func(_ context.Context, env fetch.Env) (fetch.Source, error) {
		return source{env, format}, nil
	}
	return fetch.Kind{Scheme: scheme, Help: help, Open: open}
}

type source struct {
	env    fetch.Env
	format fetch.Format
}

// Read returns the file's bytes, all of them: a newline at the end too.
func (s source) Read(_ context.Context, path string, params url.Values) (fetch.Document, error) {
	if err := fetch.CheckParams(params); err != nil {
		return fetch.Document{}, err
	}
	data, err := s.env.ReadFile(path)
	if err != nil {
		return fetch.Document{}, err
	}
	format := s.format
	if format == fetch.Auto {
		format = fetch.FormatOf(path)
	}
	return fetch.Document{Data: data, Format: format}, nil
}
