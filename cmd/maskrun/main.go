// Command maskrun fetches a job's secrets, hands them to a command as variables,
// and hides every form of them in what the command prints.
//
// See maskrun --help, the README and docs/design.md.
package main

import "os"

func main() {
	os.Exit(run(os.Args, os.Environ(), os.Stdin, os.Stdout, os.Stderr))
}
