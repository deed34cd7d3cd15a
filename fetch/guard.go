package fetch

import "errors"

// guard turns a panic of a store into an error without the panic's value, which
// may hold anything. Stores are read on goroutines of their own: unguarded, one
// would end the program, with the value on standard error. FAULTS 101.
func guard(f func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("the store failed (panic): this is a bug, please report it")
		}
	}()
	return f()
}
