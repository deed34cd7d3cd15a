package masker

// githubForms yields v as GitHub's workflow commands carry it: as the data of a
// command (actions/toolkit escapeData: % CR LF) and as a property of one
// (escapeProperty: also : and ,).
func githubForms(v []byte, yield func([]byte)) {
	for _, pairs := range [][]string{
		{"%", "%25", "\r", "%0D", "\n", "%0A"},
		{"%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C"},
	} {
		yield(replace(v, pairs...))
	}
}
