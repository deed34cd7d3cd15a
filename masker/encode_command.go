package masker

import "strings"

// commandForms yields the escapes of CI workflow commands: the data of a GitHub
// command (%25 %0D %0A), its properties (also %3A %2C), and Azure Pipelines'
// (%AZP25, and %3B %5D in properties).
func commandForms(v []byte, yield func([]byte)) {
	for _, pairs := range [][]string{
		{"%", "%25", "\r", "%0D", "\n", "%0A"},
		{"%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C"},
		{"\r", "%0D", "\n", "%0A"},
		{"%", "%AZP25", "\r", "%0D", "\n", "%0A"},
		{"%", "%AZP25", "\r", "%0D", "\n", "%0A", ";", "%3B", "]", "%5D"},
		{"\r", "%0D", "\n", "%0A", ";", "%3B", "]", "%5D"},
	} {
		yield([]byte(strings.NewReplacer(pairs...).Replace(string(v))))
	}
}
