// Package aws is three stores of Amazon Web Services: secrets of Secrets Manager
// (aws-sm://), parameters of Parameter Store (aws-ssm://), and files encrypted
// with a key of KMS (aws-kms://).
//
// # Identity
//
// A role that the reference, the configuration or AWS_ROLE_ARN names is assumed
// with the job's own OIDC token where the job has one (audience sts.amazonaws.com),
// else with what the SDK finds: environment, profile, SSO, container, EC2 instance (IMDSv2
// only). Without a role the latter is used as it is. More roles are assumed one
// from the other.
//
// The SDK reads the process environment and the home directory itself, not
// [fetch.Env]: this package belongs in a helper, whose environment is maskrun's.
//
// # Guarantee
//
// No error shows what a server said: AWS repeats headers of the request in some
// of its messages. Errors are made of our own words, the names in the reference and the
// configuration, and the action that the identity lacks.
package aws

import (
	"github.com/maskrun/maskrun/fetch"
)

// SecretsManager is the row of aws-sm://NAME, aws-sm://ARN and aws-sm://PREFIX*.
func SecretsManager() fetch.Kind {
	return fetch.Kind{Scheme: "aws-sm", Help: "AWS Secrets Manager, or a key of a JSON secret there", Open: openSecrets}
}

// ParameterStore is the row of aws-ssm:///PATH.
func ParameterStore() fetch.Kind {
	return fetch.Kind{Scheme: "aws-ssm", Help: "AWS Systems Manager Parameter Store, one parameter or a tree of them", Open: openParameters}
}

// KMS is the row of aws-kms://FILE.
func KMS() fetch.Kind {
	return fetch.Kind{Scheme: "aws-kms", Help: "a file that holds the output of `aws kms encrypt`", Open: openCiphertexts}
}
