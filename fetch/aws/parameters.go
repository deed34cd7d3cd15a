package aws

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/aws-sdk-go-v2/service/ssm/types"

	"github.com/maskrun/maskrun/fetch"
)

// parametersAtOnce is how many parameters AWS gives in one call.
const parametersAtOnce = 10

// parameterRule is what a name or ARN is made of, with the version or label that AWS itself lets follow.
var parameterRule = fetch.Pattern(`^(arn:aws[a-z-]*:ssm:[a-z0-9-]+:[0-9]{12}:parameter)?[A-Za-z0-9/_.-]+(:[A-Za-z0-9_.-]{1,100})?$`)

// parameters is the store aws-ssm.
type parameters struct{ *accounts }

func openParameters(_ context.Context, env fetch.Env) (fetch.Source, error) {
	a, err := openAccounts("aws-ssm", env)
	if err != nil {
		return nil, err
	}
	return parameters{a}, nil
}

// Read gives one parameter, or with recursive=true or a slash at the end all below a path.
func (p parameters) Read(ctx context.Context, path string, params url.Values) (fetch.Document, error) {
	a := p.ReadMany(ctx, []fetch.Query{{Path: path, Params: params}})[0]
	return a.Document, a.Err
}

// ReadMany gives many, ten at a time.
func (p parameters) ReadMany(ctx context.Context, queries []fetch.Query) []fetch.Answer {
	orders := make([]*order, len(queries))
	for i, q := range queries {
		orders[i] = p.order(q)
	}
	readAll(ctx, orders, parametersAtOnce, p.batch)
	return answers(orders)
}

// order reads a query. A version or label is part of the name that AWS is asked for.
func (p parameters) order(q fetch.Query) *order {
	o := &order{id: q.Path}
	known := append(commonParams, "version", "label", "recursive", "mode")
	if o.Err = fetch.CheckParams(q.Params, known...); o.Err != nil {
		return o
	}
	if strings.Contains(o.id, "/") && !strings.HasPrefix(o.id, "/") && !strings.HasPrefix(o.id, "arn:") {
		o.id = "/" + o.id // ref+awsssm://a/b; AWS has no name with a slash that does not begin with one
	}
	recursive := q.Params.Get("recursive") == "true"
	tree := recursive || strings.HasSuffix(o.id, "/")
	selector := param(q.Params, "version", "label")
	switch {
	case len(o.id) > 1100 || !parameterRule().MatchString(o.id) || slices.Contains(strings.Split(o.id, "/"), ".."):
		o.Err = errors.New("not a name or ARN that Parameter Store gives")
		return o
	case selector != "" && (tree || !parameterRule().MatchString("x:"+selector)):
		o.Err = errors.New("version or label: want a number or a name, and one parameter")
		return o
	case selector != "":
		o.id += ":" + selector
	}
	if o.settings, o.Err = p.base.with(q.Params); o.Err != nil {
		return o
	}
	o.settings = o.settings.within(o.id, q.Params)
	o.joint, o.read = !tree, p.one
	if tree {
		o.read = func(ctx context.Context, o *order) (fetch.Document, error) { return p.tree(ctx, o, recursive) }
	}
	return o
}

// client gives a client for set, and one of the calls that may be under way.
func (p parameters) client(ctx context.Context, set settings) (*ssm.Client, func(), error) {
	cfg, done, err := p.enter(ctx, set)
	return ssm.NewFromConfig(cfg), done, err
}

// one reads one parameter.
func (p parameters) one(ctx context.Context, o *order) (fetch.Document, error) {
	client, done, err := p.client(ctx, o.settings)
	if err != nil {
		return fetch.Document{}, err
	}
	defer done()
	out, err := client.GetParameter(ctx, &ssm.GetParameterInput{Name: &o.id, WithDecryption: aws.Bool(true)})
	if err != nil {
		return fetch.Document{}, explain(call{"GetParameter", "ssm:GetParameter", o.id, o.settings.who()}, err)
	}
	if out.Parameter == nil {
		return parameterDocument(types.Parameter{})
	}
	return parameterDocument(*out.Parameter)
}

func parameterDocument(v types.Parameter) (fetch.Document, error) {
	if v.Value == nil {
		return fetch.Document{}, errors.New("the answer holds no parameter: is this the address of the store?")
	}
	return fetch.Document{Data: []byte(*v.Value), Version: fmt.Sprint(v.Version)}, nil
}

// batch reads up to ten parameters in one call.
func (p parameters) batch(ctx context.Context, group []*order) (map[string]fetch.Answer, error) {
	client, done, err := p.client(ctx, group[0].settings)
	if err != nil {
		return nil, err
	}
	defer done()
	in := &ssm.GetParametersInput{WithDecryption: aws.Bool(true)}
	for _, o := range group {
		in.Names = append(in.Names, o.id)
	}
	out, err := client.GetParameters(ctx, in)
	if err != nil {
		return nil, explain(call{"GetParameters", "ssm:GetParameters", "these parameters", group[0].settings.who()}, err)
	}
	answers := map[string]fetch.Answer{}
	for _, name := range out.InvalidParameters {
		answers[name] = fetch.Answer{Err: failed("GetParameters", meanings["ParameterNotFound"].err())}
	}
	for _, v := range out.Parameters {
		doc, err := parameterDocument(v)
		for _, name := range []string{aws.ToString(v.Name), aws.ToString(v.ARN)} {
			answers[name+aws.ToString(v.Selector)] = fetch.Answer{Document: doc, Err: err}
		}
	}
	return answers, nil
}

// tree reads everything below a path into one JSON document, nested as the paths are.
func (p parameters) tree(ctx context.Context, o *order, recursive bool) (fetch.Document, error) {
	client, done, err := p.client(ctx, o.settings)
	if err != nil {
		return fetch.Document{}, err
	}
	defer done()
	in := &ssm.GetParametersByPathInput{Path: aws.String("/" + strings.Trim(o.id, "/")), Recursive: &recursive,
		WithDecryption: aws.Bool(true), MaxResults: aws.Int32(parametersAtOnce)}
	var all gathering
	err = pages(func(token *string) (*string, error) {
		in.NextToken = token
		out, err := client.GetParametersByPath(ctx, in)
		if err != nil {
			return nil, explain(call{"GetParametersByPath", "ssm:GetParametersByPath", *in.Path, o.settings.who()}, err)
		}
		for _, v := range out.Parameters {
			name := strings.Trim(strings.TrimPrefix(aws.ToString(v.Name), *in.Path), "/")
			if err := all.add(name, aws.ToString(v.Value)); err != nil {
				return nil, err
			}
		}
		return out.NextToken, nil
	})
	if err != nil {
		return fetch.Document{}, err
	}
	return all.document(nested(all.found), "no parameter below this path")
}

// nested hangs up found by the slashes of its names.
func nested(found map[string]string) map[string]any {
	root := map[string]any{}
	for name, value := range found {
		put(root, found, name, value)
	}
	return root
}

// put hangs a value into the tree. Where a name is both a parameter and a path, as AWS allows, what
// lies below it stands beside it under its whole name: an object cannot be a text too.
func put(root map[string]any, found map[string]string, name, value string) {
	node, keys := root, strings.Split(name, "/")
	for i, key := range keys[:len(keys)-1] {
		if _, both := found[strings.Join(keys[:i+1], "/")]; both {
			root[name] = value
			return
		}
		next, ok := node[key].(map[string]any)
		if !ok {
			next = map[string]any{}
			node[key] = next
		}
		node = next
	}
	node[keys[len(keys)-1]] = value
}
