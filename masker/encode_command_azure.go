package masker

// azureForms yields v as Azure Pipelines' logging commands carry it
// (azure-pipelines-task-lib, taskcommand.ts): as the message (%AZP25 CR LF) and
// as a property (also ; and ]); agents before 2.172 leave the percent sign alone.
func azureForms(v []byte, yield func([]byte)) {
	for _, pairs := range [][]string{
		{"\r", "%0D", "\n", "%0A"},
		{"%", "%AZP25", "\r", "%0D", "\n", "%0A"},
		{"%", "%AZP25", "\r", "%0D", "\n", "%0A", ";", "%3B", "]", "%5D"},
		{"\r", "%0D", "\n", "%0A", ";", "%3B", "]", "%5D"},
	} {
		yield(replace(v, pairs...))
	}
}
