package aws

import (
	"context"
	"encoding/base64"
	"errors"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager"
	"github.com/aws/aws-sdk-go-v2/service/secretsmanager/types"

	"github.com/maskrun/maskrun/fetch"
)

// secretsAtOnce is how many secrets AWS gives in one call.
const secretsAtOnce = 20

// secretRule is what a name or ARN is made of.
var secretRule = fetch.Pattern(`^(arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:)?[A-Za-z0-9/_+=.@!-]{1,520}$`)

// secrets is the store aws-sm.
type secrets struct{ *accounts }

func openSecrets(_ context.Context, env fetch.Env) (fetch.Source, error) {
	a, err := openAccounts("aws-sm", env)
	if err != nil {
		return nil, err
	}
	return secrets{a}, nil
}

// Read gives the secret of a name or an ARN, or all whose names begin as PREFIX* does.
func (s secrets) Read(ctx context.Context, path string, params url.Values) (fetch.Document, error) {
	a := s.ReadMany(ctx, []fetch.Query{{Path: path, Params: params}})[0]
	return a.Document, a.Err
}

// ReadMany gives many, twenty at a time.
func (s secrets) ReadMany(ctx context.Context, queries []fetch.Query) []fetch.Answer {
	orders := make([]*order, len(queries))
	for i, q := range queries {
		orders[i] = s.order(q)
	}
	readAll(ctx, orders, secretsAtOnce, s.batch)
	return answers(orders)
}

// order reads a query. Versions and stages cannot be asked for in a batch.
func (s secrets) order(q fetch.Query) *order {
	o := &order{id: q.Path}
	version, stage := param(q.Params, "version", "version_id"), param(q.Params, "stage", "version_stage")
	name, list := strings.CutSuffix(q.Path, "*")
	if o.Err = fetch.CheckParams(q.Params, append(commonParams, "version", "version_id", "stage", "version_stage")...); o.Err != nil {
		return o
	}
	switch {
	case !secretRule().MatchString(name) || slices.Contains(strings.Split(name, "/"), ".."):
		o.Err = errors.New("not a name or ARN that Secrets Manager gives")
		return o
	case list && (version+stage != "" || strings.HasPrefix(name, "arn:")):
		o.Err = errors.New("a prefix (NAME*) takes no version, stage or ARN")
		return o
	}
	if o.settings, o.Err = s.base.with(q.Params); o.Err != nil {
		return o
	}
	o.settings = o.settings.within(name, q.Params)
	o.joint = version+stage == "" && !list
	o.read = func(ctx context.Context, o *order) (fetch.Document, error) { return s.one(ctx, o, version, stage) }
	if list {
		o.read = func(ctx context.Context, o *order) (fetch.Document, error) { return s.prefix(ctx, o, name) }
	}
	return o
}

// param is the first parameter of names that is given.
func param(params url.Values, names ...string) string {
	for _, name := range names {
		if v := params.Get(name); v != "" {
			return v
		}
	}
	return ""
}

// client gives a client for set, and one of the calls that may be under way.
func (s secrets) client(ctx context.Context, set settings) (*secretsmanager.Client, func(), error) {
	cfg, done, err := s.enter(ctx, set)
	return secretsmanager.NewFromConfig(cfg), done, err
}

// one reads one secret.
func (s secrets) one(ctx context.Context, o *order, version, stage string) (fetch.Document, error) {
	client, done, err := s.client(ctx, o.settings)
	if err != nil {
		return fetch.Document{}, err
	}
	defer done()
	in := &secretsmanager.GetSecretValueInput{SecretId: &o.id}
	if version != "" {
		in.VersionId = &version
	}
	if stage != "" {
		in.VersionStage = &stage
	}
	out, err := client.GetSecretValue(ctx, in)
	if err != nil {
		return fetch.Document{}, explain(call{"GetSecretValue", "secretsmanager:GetSecretValue", o.id, o.settings.who()}, err)
	}
	return secretDocument(out.SecretString, out.SecretBinary, out.VersionId)
}

// secretDocument makes a document of a secret, which is text or bytes.
func secretDocument(text *string, binary []byte, version *string) (fetch.Document, error) {
	if text == nil && binary == nil {
		return fetch.Document{}, errors.New("the answer holds no secret: is this the address of the store?")
	}
	data := binary
	if text != nil {
		data = []byte(*text)
	}
	return fetch.Document{Data: data, Version: aws.ToString(version)}, nil
}

// batch reads up to twenty secrets in one call.
func (s secrets) batch(ctx context.Context, group []*order) (map[string]fetch.Answer, error) {
	in := &secretsmanager.BatchGetSecretValueInput{}
	for _, o := range group {
		in.SecretIdList = append(in.SecretIdList, o.id)
	}
	answers := map[string]fetch.Answer{}
	err := s.pages(ctx, group[0].settings, in, "these secrets", func(out *secretsmanager.BatchGetSecretValueOutput) error {
		for _, o := range group {
			if a, ok := pick(out, o); ok {
				answers[o.id] = a
			}
		}
		return nil
	})
	return answers, err
}

// pick finds what a page says of one secret: AWS keeps no order.
func pick(out *secretsmanager.BatchGetSecretValueOutput, o *order) (fetch.Answer, bool) {
	for _, v := range out.SecretValues {
		if isSecret(v, o.id) {
			doc, err := secretDocument(v.SecretString, v.SecretBinary, v.VersionId)
			return fetch.Answer{Document: doc, Err: err}, true
		}
	}
	for _, e := range out.Errors {
		if aws.ToString(e.SecretId) == o.id {
			return fetch.Answer{Err: itemError(e, o.settings)}, true
		}
	}
	return fetch.Answer{}, false
}

// isSecret tells whether a value is the one that was asked for: by name, by ARN, or by an ARN
// without the hyphen and the six characters that AWS puts at its end.
func isSecret(v types.SecretValueEntry, id string) bool {
	arn := aws.ToString(v.ARN)
	return id == aws.ToString(v.Name) || id == arn ||
		strings.HasPrefix(id, "arn:") && len(arn) == len(id)+7 && strings.HasPrefix(arn, id+"-")
}

// itemError is the error of one secret of a batch.
func itemError(e types.APIErrorType, set settings) error {
	id := aws.ToString(e.SecretId)
	m, ok := meaningOf(call{action: "secretsmanager:GetSecretValue", resource: id, who: set.who()}, aws.ToString(e.ErrorCode), aws.ToString(e.Message))
	if !ok {
		m = meaning{text: "AWS refuses this secret of a batch"}
	}
	return failed("BatchGetSecretValue", m.err())
}

// pages calls BatchGetSecretValue until it has given everything.
func (s secrets) pages(ctx context.Context, set settings, in *secretsmanager.BatchGetSecretValueInput, resource string, use func(*secretsmanager.BatchGetSecretValueOutput) error) error {
	client, done, err := s.client(ctx, set)
	if err != nil {
		return err
	}
	defer done()
	return pages(func(token *string) (*string, error) {
		in.NextToken = token
		out, err := client.BatchGetSecretValue(ctx, in)
		if err != nil {
			return nil, explain(call{"BatchGetSecretValue", "secretsmanager:BatchGetSecretValue", resource, set.who()}, err)
		}
		return out.NextToken, use(out)
	})
}

// prefix reads all secrets whose names begin with prefix into one JSON object, by name.
func (s secrets) prefix(ctx context.Context, o *order, prefix string) (fetch.Document, error) {
	in := &secretsmanager.BatchGetSecretValueInput{
		Filters:    []types.Filter{{Key: types.FilterNameStringTypeName, Values: []string{prefix}}},
		MaxResults: aws.Int32(secretsAtOnce),
	}
	var all gathering
	err := s.pages(ctx, o.settings, in, prefix+"* (and secretsmanager:ListSecrets)", func(out *secretsmanager.BatchGetSecretValueOutput) error {
		if len(out.Errors) > 0 {
			e := out.Errors[0]
			if id := aws.ToString(e.SecretId); !secretRule().MatchString(id) || !strings.HasPrefix(id, prefix) && !strings.Contains(id, ":secret:"+prefix) {
				e.SecretId = aws.String("one of " + prefix + "*") // a server's words may be anything
			}
			return itemError(e, o.settings)
		}
		for _, v := range out.SecretValues {
			if name := aws.ToString(v.Name); strings.HasPrefix(name, prefix) { // AWS's filter does not mind the case
				if err := all.add(name, secretText(v)); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return fetch.Document{}, err
	}
	return all.document(all.found, "no secret has this prefix")
}

// secretText is a secret as a JSON text; bytes are base64 there.
func secretText(v types.SecretValueEntry) string {
	if v.SecretString != nil {
		return *v.SecretString
	}
	return base64.StdEncoding.EncodeToString(v.SecretBinary)
}
