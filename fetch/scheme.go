package fetch

import (
	"fmt"
	"strings"
)

// unknown is the error for a scheme that no store has, with the nearest that one has.
func (r *Resolver) unknown(scheme string) error {
	best, distance := "", 3 // further away is another word
	for _, known := range r.Schemes() {
		if d := editDistance(scheme, known); d < distance {
			best, distance = known, d
		}
	}
	hint := "known are " + strings.Join(r.Schemes(), ", ")
	if best != "" {
		hint = "did you mean " + best + "://?"
	}
	return StoreWide(fmt.Errorf("unknown scheme: %s", hint))
}

// editDistance is Levenshtein's, on the few bytes of a scheme.
func editDistance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
