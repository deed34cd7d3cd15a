package main

import (
	"strings"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/child"
	"github.com/maskrun/maskrun/internal/config"
	"github.com/maskrun/maskrun/masker"
)

// secretFlags say which secrets there are and where they come from. Every
// command that resolves secrets has them.
type secretFlags struct {
	config, environment   string
	envFiles, secrets     []string
	only                  []string
	onlyBy                string // who says only, for the errors; "" is --only
	maskEnv               []string
	maskEnvGiven, trusted bool
	total, try            time.Duration  // how long stores have for everything, and for one request
	untrusted, otherwise  string         // policy for runs of strangers, and where neither that nor maskrun.yaml says one
	listed                []wanted       // beside secrets: what an input of the action lists
	stores                map[string]any // added to stores.vault
	storesOnly            bool           // of maskrun.yaml take no secrets, only how to reach stores
}

func secretFlagSet() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: "config", Aliases: []string{"c"}, Usage: "read `FILE` (default: maskrun.yaml, found upward from here)"},
		&cli.StringFlag{Name: "environment", Aliases: []string{"e"}, Usage: "use environment `NAME` of the configuration"},
		&cli.StringSliceFlag{Name: "env-file", Usage: "read secrets from dotenv `FILE`; values may be references (repeatable, later wins)"},
		&cli.StringSliceFlag{Name: "secret", Usage: "give the command a variable: `NAME=REF` (repeatable)"},
		&cli.StringSliceFlag{Name: "only", Usage: "fetch only these variables: `A,B` (repeatable)"},
		&cli.StringFlag{Name: "mask-env", Usage: "also hide the values of variables whose names match `PATTERNS`, such as '*_TOKEN,MY_*'; empty turns it off (default: names that tell of a secret)"},
		&cli.StringFlag{Name: "untrusted", Usage: "in a CI run that strangers have a part in (pull requests from forks, dependabot): `POLICY` fail, skip (fetch nothing) or empty (every variable is empty); default: that of maskrun.yaml, else export fails and others fetch"},
		&cli.BoolFlag{Name: "trust-config", Usage: "let maskrun.yaml and --env-file run commands (exec://) and read files outside their directory, and believe what it says of stores"},
		&cli.DurationFlag{Name: "fetch-timeout", Value: fetch.DefaultTotal, Usage: "give up after this `LONG` if the stores have not answered everything (default: 30s)"},
		&cli.DurationFlag{Name: "try-timeout", Value: fetch.DefaultTry, Usage: "give one request to a store this `LONG`, then ask again (default: 10s)"},
	}
}

func readSecretFlags(c *cli.Context) secretFlags {
	f := secretFlags{
		config:       c.String("config"),
		environment:  c.String("environment"),
		envFiles:     c.StringSlice("env-file"),
		secrets:      c.StringSlice("secret"),
		maskEnv:      defaultMaskEnv,
		maskEnvGiven: c.IsSet("mask-env"),
		trusted:      c.Bool("trust-config"),
		total:        c.Duration("fetch-timeout"),
		try:          c.Duration("try-timeout"),
		untrusted:    c.String("untrusted"),
	}
	if f.maskEnvGiven {
		f.maskEnv = splitList(c.String("mask-env"))
	}
	for _, list := range c.StringSlice("only") {
		f.only = append(f.only, splitList(list)...)
	}
	return f
}

// splitList splits at commas and drops blanks and empty items.
func splitList(s string) []string {
	var out []string
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			out = append(out, item)
		}
	}
	return out
}

// splitLists is splitList of each, in one list.
func splitLists(lists []string) []string {
	var out []string
	for _, list := range lists {
		out = append(out, splitList(list)...)
	}
	return out
}

// maskFlags say how values are hidden.
type maskFlags struct {
	label, detect bool
	minLength     int // 0: that of the file
	text, short   string
}

func maskFlagSet() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "label", Usage: "write [MASKED:NAME] for what is hidden"},
		&cli.StringFlag{Name: "mask-text", Usage: "write `TEXT` for what is hidden (default: ***)"},
		&cli.BoolFlag{Name: "detect", Usage: "also hide what looks like a well-known credential (AKIA…, ghp_…, JWTs, private keys …), whoever it belongs to; docs/detect.md lists the rules"},
		&cli.StringFlag{Name: "short-values", Usage: "`POLICY` for values of 4 to 7 bytes, and for shorter or common ones: boundary (the first where they stand alone, the others not at all), mask (all, everywhere), error (refuse the others); default: boundary"},
	}
}

func readMaskFlags(c *cli.Context) (maskFlags, error) {
	f := maskFlags{label: c.Bool("label"), detect: c.Bool("detect"), text: c.String("mask-text"), short: c.String("short-values")}
	if c.IsSet("mask-text") && !config.ValidMarker(f.text) {
		return f, usagef(c.Command.Name, "flag --mask-text: want 1 to 32 printable ASCII characters")
	}
	if _, ok := shortPolicies[f.short]; !ok {
		return f, usagef(c.Command.Name, "flag --short-values: want boundary, mask or error")
	}
	return f, nil
}

var shortPolicies = map[string]masker.ShortPolicy{
	"":         masker.ShortBoundary,
	"boundary": masker.ShortBoundary,
	"mask":     masker.ShortMask,
	"error":    masker.ShortError,
}

var leafPolicies = map[string]masker.LeafPolicy{
	"":     masker.LeavesSafe,
	"safe": masker.LeavesSafe,
	"all":  masker.LeavesAll,
	"none": masker.LeavesNone,
}

// options joins what the flags and the file say; a flag wins.
func (f maskFlags) options(m config.Mask) masker.Options {
	o := masker.Options{
		Marker:    m.Text,
		Label:     f.label,
		Encodings: m.Encodings,
		Short:     shortPolicies[f.short],
		MinLength: m.MinLength,
		Leaves:    leafPolicies[m.JSONLeaves],
	}
	if f.text != "" {
		o.Marker = f.text
	}
	if f.minLength > 0 {
		o.MinLength = f.minLength
	}
	return o
}

// runFlags are those of run alone.
type runFlags struct {
	failOnLeak, pristine bool
	report               string
	keepEnv              []string
	drain, killAfter     time.Duration
	pty                  string
}

func runFlagSet() []cli.Flag {
	return []cli.Flag{
		&cli.BoolFlag{Name: "fail-on-leak", Usage: "exit 86 if something was hidden and the command succeeded"},
		&cli.StringFlag{Name: "report", Usage: "write what was fetched and what was hidden where, never a value, as JSON to `FILE`"},
		&cli.BoolFlag{Name: "pristine", Usage: "give the command its secrets, the variables of --keep-env, and only the basic ones (PATH, HOME, LANG …) of the rest"},
		&cli.StringSliceFlag{Name: "keep-env", Usage: "give the command the variables `NAMES` even if they opened a store, or under --pristine (A,B; repeatable)"},
		ptyFlag(),
		&cli.DurationFlag{Name: "drain", Value: child.DefaultDrain, Usage: "wait this `LONG` for processes that the command left behind with its output open (default: 2s)"},
		&cli.DurationFlag{Name: "kill-after", Usage: "after passing on TERM or INT wait this `LONG`, then kill (default: never)"},
	}
}

func readRunFlags(c *cli.Context) (runFlags, error) {
	f := runFlags{
		failOnLeak: c.Bool("fail-on-leak"),
		pristine:   c.Bool("pristine"),
		report:     c.String("report"),
		drain:      c.Duration("drain"),
		killAfter:  c.Duration("kill-after"),
	}
	var err error
	if f.pty, err = readPTYFlag(c); err != nil {
		return f, err
	}
	for _, list := range c.StringSlice("keep-env") {
		f.keepEnv = append(f.keepEnv, splitList(list)...)
	}
	if f.drain <= 0 || f.killAfter < 0 {
		return f, usagef("run", "flags --drain and --kill-after: want a positive duration")
	}
	return f, nil
}
