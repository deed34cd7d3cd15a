// Package sops reads files encrypted with sops: sops://secrets.yaml#/db/password.
//
// YAML, JSON, dotenv, INI and binary files are told apart by name as sops does
// (.yaml .yml .json .env .ini, anything else is binary), or by the parameter
// format=yaml|json|dotenv|ini|binary. The document is what `sops decrypt` prints.
//
// # Keys
//
// Every key type of sops works through its SDK, which reads the process environment
// itself (SOPS_AGE_KEY, AWS_PROFILE, VAULT_TOKEN, HOME …), not [fetch.Env]: this
// package belongs in a helper, whose environment is maskrun's. For age, the files
// named by stores.sops.age_key_file (or by stores.sops.age.identity, as the store
// age:// has it) and by MASKRUN_AGE_IDENTITY_FILE are tried first, then what sops
// itself knows.
//
// # Guarantee
//
// A file whose MAC is wrong or missing gives no document. No error holds a byte of
// the file's content, encrypted or not, or of a key. Nothing is written to disk or stderr.
package sops

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/getsops/sops/v3"
	"github.com/getsops/sops/v3/aes"
	"github.com/getsops/sops/v3/cmd/sops/common"
	"github.com/getsops/sops/v3/cmd/sops/formats"
	"github.com/getsops/sops/v3/config"
	"github.com/getsops/sops/v3/logging"
	"github.com/maskrun/maskrun/fetch"
)

// Kind is the row of the table of stores.
func Kind() fetch.Kind {
	return fetch.Kind{
		Scheme: "sops",
		Help:   "a key of a file encrypted with sops (age, PGP, cloud KMS, Vault transit)",
		Open:   open,
	}
}

type fileFormat struct {
	name   string
	theirs formats.Format
	ours   fetch.Format
}

// fileFormats pairs sops's formats with ours.
var fileFormats = []fileFormat{
	{"yaml", formats.Yaml, fetch.YAML},
	{"json", formats.Json, fetch.JSON},
	{"dotenv", formats.Dotenv, fetch.Dotenv},
	{"ini", formats.Ini, fetch.INI},
	{"binary", formats.Binary, fetch.Binary},
}

type source struct {
	env        fetch.Env
	identities identities
}

func open(_ context.Context, env fetch.Env) (fetch.Source, error) {
	silence()
	ids, err := loadIdentities(env)
	if err != nil {
		return nil, err
	}
	return &source{env: env, identities: ids}, nil
}

// silence keeps the SDK's loggers off stderr: they log unencrypted comments.
func silence() {
	for _, l := range logging.Loggers {
		l.SetOutput(io.Discard)
	}
}

// Read gives the decrypted file at path.
func (s *source) Read(ctx context.Context, path string, params url.Values) (fetch.Document, error) {
	format, err := formatOf(path, params)
	if err != nil {
		return fetch.Document{}, err
	}
	file, err := s.env.ReadFile(path)
	if err != nil {
		return fetch.Document{}, err
	}
	store := common.StoreForFormat(format.theirs, config.NewStoresConfig())
	tree, err := store.LoadEncryptedFile(file)
	if err != nil {
		return fetch.Document{}, loadError(path, format.name, err)
	}
	if err := s.decrypt(ctx, &tree); err != nil {
		return fetch.Document{}, fmt.Errorf("sops file %s: %w", path, err)
	}
	plain, err := store.EmitPlainFile(tree.Branches)
	if err != nil {
		return fetch.Document{}, fmt.Errorf("sops file %s: the content does not fit the format %s", path, format.name)
	}
	return fetch.Document{Data: plain, Format: format.ours, Version: version(tree)}, nil
}

// formatOf tells the format of the file at path.
func formatOf(path string, params url.Values) (fileFormat, error) {
	if err := fetch.CheckParams(params, "format"); err != nil {
		return fileFormat{}, err
	}
	named, byPath := params.Get("format"), formats.FormatForPath(path)
	for _, f := range fileFormats {
		if f.name == named || named == "" && f.theirs == byPath {
			return f, nil
		}
	}
	return fileFormat{}, fmt.Errorf("sops file %s: unknown format: want yaml, json, dotenv, ini or binary", path)
}

// loadError says why the file cannot be read as a sops file. The SDK's own
// errors quote the file.
func loadError(path, format string, err error) error {
	if errors.Is(err, sops.MetadataNotFound) {
		return fmt.Errorf("sops file %s: not encrypted with sops: it has no sops metadata", path)
	}
	return fmt.Errorf("sops file %s: cannot be read as a sops file of format %s; another one can be named with ?format=", path, format)
}

// decrypt puts the plain values into tree, having verified the MAC. FAULTS 97.
func (s *source) decrypt(ctx context.Context, tree *sops.Tree) error {
	key, err := s.dataKey(ctx, tree.Metadata)
	if err != nil {
		return err
	}
	defer clear(key)
	cipher := aes.NewCipher()
	computed, err := tree.Decrypt(key, cipher)
	if err != nil { // the SDK's error may quote a value
		return errors.New("a value cannot be decrypted: the file was changed after it was encrypted")
	}
	modified := tree.Metadata.LastModified.Format(time.RFC3339)
	stored, err := cipher.Decrypt(tree.Metadata.MessageAuthenticationCode, key, modified)
	if err != nil || stored != computed {
		return errors.New("the mac does not match: the file was changed after it was encrypted")
	}
	return nil
}

// version is when the file was last encrypted: what sops has for a version.
func version(tree sops.Tree) string {
	if tree.Metadata.LastModified.IsZero() {
		return ""
	}
	return tree.Metadata.LastModified.UTC().Format(time.RFC3339)
}
