package helper

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/maskrun/maskrun/fetch"
)

// schemeName is what a scheme of a third-party helper may be: it becomes part of a file name.
var schemeName = fetch.Pattern(`^[a-z][a-z0-9-]{0,63}$`)

// ThirdParty gives the name of the executable that serves scheme:// for others
// than us, and false if no executable can: the scheme is not [a-z][a-z0-9-]*.
func ThirdParty(scheme string) (string, bool) {
	return "maskrun-store-" + scheme, schemeName().MatchString(scheme)
}

// Find gives the path of the helper o.Name: in o.Dir, else in the absolute
// directories of the PATH in o.Environ. The error of a missing helper says how to get it.
func Find(o Options) (string, error) {
	var unfit string
	for _, dir := range o.dirs() {
		path := filepath.Join(dir, o.Name+exeSuffix())
		switch info, err := os.Stat(path); {
		case err != nil:
		case executable(info):
			return path, nil
		case unfit == "":
			unfit = path
		}
	}
	if unfit != "" {
		return "", fmt.Errorf("helper %s: %s is not an executable file", o.Name, unfit)
	}
	return "", fmt.Errorf("helper %s: not found %s: %s", o.Name, o.where(), o.advice())
}

// dirs lists where to look. Relative directories of PATH are left out: a
// repository must not supply the program that is handed the job's credentials.
func (o Options) dirs() []string {
	all := filepath.SplitList(lookup(o.Environ, "PATH"))
	if o.Dir != "" {
		all = append([]string{o.Dir}, all...)
	}
	var dirs []string
	for _, dir := range all {
		if filepath.IsAbs(dir) {
			dirs = append(dirs, dir)
		}
	}
	return dirs
}

func (o Options) where() string {
	if o.Dir != "" {
		return "beside maskrun or on PATH"
	}
	return "on PATH"
}

func (o Options) advice() string {
	if o.Name != Stores {
		return "install it; docs/store-protocol.md says what it is"
	}
	version := o.Version
	if !strings.HasPrefix(version, "v") {
		version = "latest" // a build without a version
	}
	return "go install github.com/maskrun/maskrun/cmd/maskrun-stores@" + version + ", or take it from the release archive"
}

func executable(info fs.FileInfo) bool {
	return info.Mode().IsRegular() && (runtime.GOOS == "windows" || info.Mode()&0o111 != 0)
}

func exeSuffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}

// lookup gives the value of name in environ, where the last one counts.
func lookup(environ []string, name string) string {
	value := ""
	for _, kv := range environ {
		if k, v, ok := strings.Cut(kv, "="); ok && k == name {
			value = v
		}
	}
	return value
}
