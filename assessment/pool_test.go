package assessment

import (
	"reflect"
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// What is packed opens as it was, whatever the item is called.
func TestPackedDetailsOpenAsTheyWere(t *testing.T) {
	for _, c := range []struct{ name, space, message string }{
		{"web", "shop", "Container web of Deployment web in namespace shop is privileged"},
		{"web", "web-shop", "web-shop/web and web-shop-web"},
		{"web-shop", "web", "web-shop/web"},
		{"shop", "shop", "shopshop"},
		{"aa", "a", "aaaaa"},
		{"", "", "no names"},
		{"a", "b", "a\x00b \x00n \x00s \x000"},
		{"\x00n", "\x00", "x\x00n\x00y"},
		{"n0", "0s", "\x00n0\x00s 0s"},
		{"é", "ü", "é heißt ü"},
		{strings.Repeat("long", 100), "shop", strings.Repeat("long", 350)},
	} {
		f := frame{7, c.name, c.space}
		want := Detail{
			Findings: []policy.Finding{{Message: c.message, Line: 9}, {Message: c.message + "."}},
			Facts:    []policy.Fact{{Path: "/metadata/" + c.name, Value: c.name, Line: 7}},
			Reason:   c.space,
		}
		packed := Packed(want.pack(nil, f))
		if got := packed.open(f); !reflect.DeepEqual(got, want) {
			t.Errorf("%q in %q\n got %+v\nwant %+v", c.name, c.space, got, want)
		}
		if first, ok := packed.first(f); !ok || first != want.Findings[0] {
			t.Errorf("%q in %q: the first finding is %+v, %v", c.name, c.space, first, ok)
		}
		if _, err := NewPool(nil).Detail(string(packed)); err != nil {
			t.Errorf("%q in %q: %v", c.name, c.space, err)
		}
	}
}

func TestDamagedDetailIsRefused(t *testing.T) {
	pool := NewPool(nil)
	for _, text := range []string{"\x00\x00", "\x01", "\x00\x00\x01\x00", "\x00\x00\x02\x00x", "\x00\x00\xff"} {
		if _, err := pool.Detail(text); err == nil {
			t.Errorf("%q is taken for a detail", text)
		}
	}
}

// Copies of one object under other names, wherever they stand, share all that is
// said of them.
func TestCopiesShareTheirRuling(t *testing.T) {
	checks := []*policy.Check{{ID: "A"}, {ID: "B"}}
	pool := NewPool(checks)
	judge := func(name, space string, line int, verdict surety.Verdict) (*evidence.Item, Judgement) {
		it := &evidence.Item{Name: name, Namespace: space, Origin: surety.Origin{Line: line}}
		return it, pool.Judge(it, []Judged{
			{Item: it, Check: checks[1], Verdict: surety.Fail, Detail: &Detail{
				Findings: []policy.Finding{{Message: space + "/" + name + " fails", Line: line + 3}},
			}},
			{Item: it, Check: checks[0], Verdict: verdict, Detail: &Detail{}},
		})
	}
	first, a := judge("web", "shop", 1, surety.Pass)
	second, b := judge("api", "other-shop", 40, surety.Pass)
	if a.Ruling != b.Ruling {
		t.Error("two copies have a ruling each")
	}
	for item, want := range map[*evidence.Item]string{first: "shop/web fails", second: "other-shop/api fails"} {
		if got := a.Details[0].open(frameOf(item)).Findings[0]; got.Message != want || got.Line != item.Origin.Line+3 {
			t.Errorf("of %s it is said: %+v", item.Name, got)
		}
	}
	if _, c := judge("web", "shop", 1, surety.Unknown); c.Ruling == a.Ruling {
		t.Error("another verdict is the same ruling")
	}
}

func FuzzPackedDetail(f *testing.F) {
	f.Add("web", "shop", "web in shop", 3)
	f.Add("\x00n", "n", "\x00n\x00", -1)
	f.Fuzz(func(t *testing.T, name, space, message string, line int) {
		at := frame{5, name, space}
		want := Detail{Findings: []policy.Finding{{Message: message, Line: at.line + line&0xffff}}, Reason: name + message + space}
		if got := Packed(want.pack(nil, at)).open(at); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	})
}
