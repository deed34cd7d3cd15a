// Command maskrun-stores is the helper of maskrun: it holds the SDKs of the heavy
// stores and answers maskrun's requests over stdin and stdout. docs/store-protocol.md
// says how; nobody runs it by hand.
package main

import "os"

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
