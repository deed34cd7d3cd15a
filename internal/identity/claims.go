package identity

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// claims are what we read of a token. Its signature is for whoever it is shown to.
type claims struct {
	raw, from string // from: the variable or service that it is from
	audiences []string
	expires   time.Time // zero when the token does not say
}

// parse reads a token that from holds; false if text has not the shape of one.
func parse(from, text string) (claims, bool) {
	text = strings.TrimSpace(text)
	parts := strings.Split(text, ".")
	if len(parts) != 3 || !strings.HasPrefix(text, "eyJ") {
		return claims{}, false
	}
	body, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return claims{}, false
	}
	var c struct {
		Aud audiences `json:"aud"`
		Exp float64   `json:"exp"`
	}
	if json.Unmarshal(body, &c) != nil {
		return claims{}, false
	}
	out := claims{raw: text, from: from, audiences: c.Aud}
	if c.Exp > 0 {
		out.expires = time.Unix(int64(c.Exp), 0)
	}
	return out, true
}

// audiences is a claim that may be a string or a list of them.
type audiences []string

// UnmarshalJSON takes both.
func (a *audiences) UnmarshalJSON(b []byte) error {
	var one string
	if json.Unmarshal(b, &one) == nil {
		*a = audiences{one}
		return nil
	}
	return json.Unmarshal(b, (*[]string)(a))
}

// fits says why a token cannot be used for an audience. An empty one takes any token.
func (c claims) fits(audience string, now time.Time) error {
	switch {
	case audience != "" && !slices.Contains(c.audiences, audience):
		return fmt.Errorf("%s is for %.100q", c.from, strings.Join(c.audiences, ", "))
	case !c.expires.IsZero() && !now.Before(c.expires):
		return fmt.Errorf("%s has expired", c.from)
	}
	return nil
}

// fresh tells whether a token will do for another minute.
func (c claims) fresh(now time.Time) bool {
	return !c.expires.IsZero() && now.Add(time.Minute).Before(c.expires)
}
