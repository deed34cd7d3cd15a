package masker

import (
	"slices"
	"testing"
)

// What a line-wise masker is told: one line each, no encodings; and whom it cannot be
// told of. FAULTS 12, 78
func TestPlain(t *testing.T) {
	const pem = "-----BEGIN X-----\nMIIEvQIBADANBgkq\r\n{\nshort\n-----END X-----\n"
	for _, c := range []struct {
		why    string
		o      *Options
		values []string
		told   []string
		left   []Skip
	}{
		{"what is looked for as it is", nil, []string{" Kestrel-77 \n", `{"user":"admin","key":"leaf-of-json-9"}`, "word7"},
			[]string{"V0=Kestrel-77", `V1={"user":"admin","key":"leaf-of-json-9"}`, "V1=leaf-of-json-9", "V2=word7"}, nil},
		{"who is skipped is named elsewhere", nil, []string{"true", "abc", "a\nb"}, nil, nil},
		{"armor and braces are of no account", nil, []string{pem}, []string{"V0=MIIEvQIBADANBgkq", "V0=short"}, nil},
		{"no line is long enough to be looked for by itself", nil, []string{"k7p2\r\n q9x4 "}, []string{"V0=k7p2", "V0=q9x4"}, nil},
		{"a line of few letters", nil, []string{"p@$$--%%--\nKestrel-77"}, []string{"V0=Kestrel-77", "V0=p@$$--%%--"}, nil},
		{"lines that cannot be told, each reason once", nil, []string{"ab\nb\nTrue\n----\nq9x4"}, []string{"V0=q9x4"},
			[]Skip{{"V0", "line", reasonShort}, {"V0", "line", reasonCommon}}},
		{"a line is another's value", nil, []string{"k7p2\nab", "k7p2"}, []string{"V0=k7p2"}, []Skip{{"V0", "line", reasonShort}}},
		{"lines under a length of the user's", &Options{MinLength: 6}, []string{"q9x4\nq9x4w2"}, []string{"V0=q9x4w2"}, []Skip{{"V0", "line", reasonShort}}},
		{"everything is to be hidden, and cannot be by others", &Options{Short: ShortMask}, []string{"42", "a\nb", "true"}, []string{"V2=true"},
			[]Skip{{"V0", "", reasonShort}, {"V1", "line", reasonShort}}},
		{"the error is New's", &Options{Short: ShortError}, []string{"q9x4\nab"}, []string{"V0=q9x4"}, []Skip{{"V0", "line", reasonShort}}},
	} {
		t.Run(c.why, func(t *testing.T) {
			told, left := newMasker(t, c.o, c.values...).Plain()
			var got []string
			for _, v := range told {
				got = append(got, v.Name+"="+string(v.Bytes))
			}
			if !slices.Equal(got, c.told) || !slices.Equal(left, c.left) {
				t.Errorf("told %q, want %q; left %v, want %v", got, c.told, left, c.left)
			}
		})
	}
}
