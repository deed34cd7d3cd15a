package aws

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/maskrun/maskrun/fetch"
	"github.com/maskrun/maskrun/internal/httpx"
)

// A call is what was asked of AWS, for its error.
type call struct {
	what     string // GetSecretValue
	action   string // secretsmanager:GetSecretValue
	resource string // as the reference names it
	who      string // the identity, by the name we know it under
}

// A failure is an error in our words.
type failure struct {
	what  string
	err   error
	after time.Duration
	alone bool // it may be the fault of one of several documents: each could be asked for alone
}

func (f *failure) Error() string { return f.what + ": " + f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

// RetryAfter makes a failure a [fetch.RetryAfterError].
func (f *failure) RetryAfter() time.Duration { return f.after }

func failed(what string, err error) *failure { return &failure{what: what, err: err} }

// A meaning is what an error code of AWS says to a person, and to the Resolver.
type meaning struct {
	text string
	kind error
}

var (
	busy        = meaning{"AWS is busy", fetch.ErrUnavailable}
	broken      = meaning{"AWS cannot answer now", fetch.ErrUnavailable}
	badIdentity = meaning{"AWS does not accept the credentials: they are wrong, for another account, or the clock is", fetch.ErrDenied}
	expired     = meaning{"the credentials have expired", fetch.ErrDenied}
	badToken    = meaning{"AWS does not accept the job's OIDC token: is its issuer an identity provider of the account, with this audience?", fetch.ErrDenied}
	badKey      = meaning{"the KMS key is disabled, pending deletion or of another kind", fetch.ErrDenied}
	badRequest  = meaning{"AWS does not take the reference as a valid name or parameter", nil}
)

// meanings are the codes that are told apart. The lacking permission (AccessDenied) and a deleted
// secret need more than their code, and are in [meaningOf].
var meanings = map[string]meaning{
	"ResourceNotFoundException": {"no such secret, version or stage", fetch.ErrNotFound},
	"ParameterNotFound":         {"no such parameter", fetch.ErrNotFound},
	"ParameterVersionNotFound":  {"no such version or label of the parameter", fetch.ErrNotFound},

	"DecryptionFailure":          {"its KMS key cannot decrypt it", fetch.ErrDenied},
	"InvalidCiphertextException": {"KMS cannot decrypt the file: it is damaged, of another region, or needs another encryption context (?context=)", fetch.ErrDenied},
	"IncorrectKeyException":      {"the file was encrypted with another key than ?key=", fetch.ErrDenied},
	"NotFoundException":          {"there is no such KMS key", fetch.ErrDenied},
	"DisabledException":          badKey,
	"KMSInvalidStateException":   badKey,
	"InvalidKeyUsageException":   badKey,
	"InvalidKeyId":               badKey,

	"UnrecognizedClientException":    badIdentity,
	"InvalidClientTokenId":           badIdentity,
	"InvalidAccessKeyId":             badIdentity,
	"InvalidSignatureException":      badIdentity,
	"SignatureDoesNotMatch":          badIdentity,
	"IncompleteSignature":            badIdentity,
	"IncompleteSignatureException":   badIdentity,
	"MissingAuthenticationToken":     badIdentity,
	"ExpiredToken":                   expired,
	"ExpiredTokenException":          expired,
	"RequestExpired":                 expired,
	"InvalidIdentityToken":           badToken,
	"InvalidIdentityTokenException":  badToken,
	"IDPRejectedClaim":               badToken,
	"IDPRejectedClaimException":      badToken,
	"OptInRequired":                  {"the account has not opened this region", fetch.ErrDenied},
	"RegionDisabledException":        {"the account has not opened this region", fetch.ErrDenied},
	"InvalidParameterValue":          {"AWS does not take the role, or the job's OIDC token", fetch.ErrDenied},
	"InvalidParameterException":      badRequest,
	"InvalidParameterValueException": badRequest,
	"ValidationException":            badRequest,
	"ValidationError":                badRequest,
	"InvalidRequestException":        badRequest,
	"InvalidArnException":            badRequest,

	"Throttling":                     busy,
	"ThrottlingException":            busy,
	"ThrottledException":             busy,
	"TooManyRequestsException":       busy,
	"RequestLimitExceeded":           busy,
	"RequestThrottled":               busy,
	"RequestThrottledException":      busy,
	"LimitExceededException":         busy,
	"SlowDown":                       busy,
	"InternalServiceError":           broken,
	"InternalServerError":            broken,
	"InternalFailure":                broken,
	"InternalError":                  broken,
	"KMSInternalException":           broken,
	"KeyUnavailableException":        broken,
	"DependencyTimeoutException":     broken,
	"ServiceUnavailable":             broken,
	"ServiceUnavailableException":    broken,
	"IDPCommunicationError":          {"AWS cannot reach the issuer of the job's OIDC token", fetch.ErrUnavailable},
	"IDPCommunicationErrorException": {"AWS cannot reach the issuer of the job's OIDC token", fetch.ErrUnavailable},
	"UnsupportedParameterType":       badRequest,
}

// meaningOf finds the meaning of an error code. Of the message, which can hold anything,
// only the presence of known words counts.
func meaningOf(c call, code, message string) (meaning, bool) {
	switch {
	case code == "AccessDeniedException" || code == "AccessDenied":
		action, resource := c.action, c.resource
		if action != "kms:Decrypt" && strings.Contains(strings.ToLower(message), "kms") {
			action, resource = "kms:Decrypt", "the key of "+c.resource
		}
		return meaning{fmt.Sprintf("%s lacks %s on %s", c.who, action, resource), fetch.ErrDenied}, true
	case code == "InvalidRequestException" && (strings.Contains(message, "marked for deletion") || strings.Contains(message, "marked deleted")):
		return meaning{"the secret is scheduled for deletion", fetch.ErrNotFound}, true
	}
	m, ok := meanings[code]
	return m, ok
}

// err makes an error of m.
func (m meaning) err() error {
	if m.kind == nil {
		return errors.New(m.text)
	}
	return fmt.Errorf("%s: %w", m.text, m.kind)
}

// explain says in our words what went wrong with a call of the SDK.
func explain(c call, err error) error {
	var own *failure
	if errors.As(err, &own) { // the identity's: nothing was asked yet
		return fetch.StoreWide(&failure{own.what, own.err, own.after, false})
	}
	status, header := response(err)
	var api smithy.APIError
	var m meaning
	ok := false
	switch {
	case errors.As(err, &api):
		m, ok = meaningOf(c, api.ErrorCode(), api.ErrorMessage())
	case status < http.StatusMultipleChoices:
		return failed(c.what, httpx.Classify(err))
	}
	if !ok {
		m = meaning{fmt.Sprintf("status %d and an answer that AWS does not give: is this the address of the store?", status), statusKind(status)}
	}
	alone := ok && m != badIdentity && m != expired && m.kind != fetch.ErrUnavailable
	out := &failure{c.what, m.err(), httpx.RetryAfter(header, time.Now()), alone}
	if m == badIdentity || m == expired {
		return fetch.StoreWide(out)
	}
	return out
}

// response gives what is known of the HTTP answer behind err.
func response(err error) (int, http.Header) {
	var re *awshttp.ResponseError
	if errors.As(err, &re) && re.Response != nil && re.Response.Response != nil {
		return re.Response.StatusCode, re.Response.Header
	}
	return 0, nil
}

// statusKind is the sentinel for a status without a code that we know. AWS
// says "not found" with a code of its own: a bare 404 is another server's.
func statusKind(status int) error {
	if kind := httpx.StatusKind(status); !errors.Is(kind, fetch.ErrNotFound) {
		return kind
	}
	return nil
}
