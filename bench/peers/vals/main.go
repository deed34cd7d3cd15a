// Command vals-peer resolves the references on its standard input, one a line, with
// vals as a library, N times, each time with a fresh runtime, and prints the nanoseconds
// that one time took.
//
//	vals-peer N <references
package main

import (
	"bufio"
	"fmt"
	"maps"
	"os"
	"strconv"
	"time"

	"github.com/helmfile/vals"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "vals-peer:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 1 {
		return fmt.Errorf("usage: vals-peer N <references")
	}
	times, err := strconv.Atoi(args[0])
	if err != nil || times < 1 {
		return fmt.Errorf("%q is not a number of times", args[0])
	}
	asked := map[string]any{}
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		asked[fmt.Sprint("V", len(asked))] = "ref+" + lines.Text()
	}
	begun := time.Now()
	for range times {
		runtime, err := vals.New(vals.Options{CacheSize: 1024})
		if err != nil {
			return err
		}
		got, err := runtime.Eval(maps.Clone(asked)) // it writes into what it is given
		if err != nil {
			return err
		}
		for name, ref := range asked {
			if v, ok := got[name].(string); !ok || v == ref {
				return fmt.Errorf("%s was not resolved", name)
			}
		}
	}
	fmt.Println(time.Since(begun).Nanoseconds() / int64(times))
	return nil
}
