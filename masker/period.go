package masker

// A fall is the last place at which a walk left a word, and the state it left.
type fall struct {
	at    int
	state int32
}

// again is told that state n, with data before index i, has no child for data[i-1]. If it
// was left for the same reason before, the text is periodic: as long as it stays so,
// the walk comes back to the same state in each period. again returns the
// index as far ahead as that is sure, or i.
func (f *fall) again(data []byte, i int, n int32) int {
	period := i - f.at
	if f.state == n && f.at > 0 {
		same := commonPrefix(data[i-1:], data[i-1-period:])
		i += max(0, same-1) / period * period
	}
	*f = fall{i, n}
	return i
}
