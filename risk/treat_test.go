package risk

import (
	"strings"
	"testing"
)

const lopsided = `surety: 1
system: lopsided
parties: {acme: {}, cloud: {}}
services: {paas: {category: PaaS, provider: cloud, customer: acme}}
data: {orders: {c: confidential, i: high, a: high}}
zones: {internet: {trust: 0}, app: {in: paas}}
components: {db: {type: database, in: app, exposed: internet, stores: orders, encrypted: false}}
risk:
  loss: {orders: {ci90: [1k, 100M]}}
  LIABILITY
`

// What is agreed already is no advice, and a loss that its own interval does not hold
// is told.
func TestAdviceThatIsFollowed(t *testing.T) {
	for liability, want := range map[string]bool{"": true, "liability: {paas: {share: 0.5, cap: 200k}}": false} {
		a := analyse(t, strings.ReplaceAll(lopsided, "LIABILITY", liability), 2000)
		shared := false
		for _, s := range a.Scenarios {
			for _, o := range a.Treat(s, nil) {
				shared = shared || o.Kind == "share" && strings.Contains(o.Text, "cloud")
			}
		}
		if shared != want {
			t.Errorf("liability %q: advised to agree on one: %v, want %v", liability, shared, want)
		}
		if n := strings.Count(strings.Join(a.Problems, "\n"), "so wide that its average"); n != 1 {
			t.Errorf("told %d times that the loss is too wide: %v", n, a.Problems)
		}
	}
}
