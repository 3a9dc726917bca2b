package system

import "testing"

func TestTypesAreKnown(t *testing.T) {
	known, err := knownTypes()
	if err != nil {
		t.Fatal(err)
	}
	if len(known.names) < 80 {
		t.Errorf("only %d types", len(known.names))
	}
	for name, want := range map[string]string{
		"k8s.deployment": "process", "aws.rds": "store", "aws.newthing": "process", "vm.windows": "process",
		"github.actions": "ci", "kms": "keys", "aws.kms": "keys",
		"postgres": "store", "acme.postgres-15": "store", "Object-Storage": "store", "paas.app": "process", "5gc.amf": "process",
		"generic-client": "client", "load-balancer": "gateway", "elastic-container-service": "process", "message.queue": "queue",
	} {
		if got, ok := TypeOf(name); !ok || got.Role != want {
			t.Errorf("%s: %+v, want %s", name, got, want)
		}
	}
	if got, ok := TypeOf("aws.newthing"); !ok || !got.Vendor {
		t.Errorf("what only AWS offers is not marked: %+v", got)
	}
	for _, name := range []string{"", "abacus", "awsthing"} {
		if got, ok := TypeOf(name); ok {
			t.Errorf("%q is taken for %s", name, got.Name)
		}
	}
	for _, role := range TypeRoles {
		if got, ok := TypeOf(role); !ok || got.Role != role {
			t.Errorf("the role %s, taken as a type, is %+v", role, got)
		}
	}
	for _, w := range workloadKinds {
		if _, ok := TypeOf(w.typ); !ok {
			t.Errorf("%s, which Infer gives, is not known", w.typ)
		}
	}
}
