package interchange

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/surety-cloud/surety/system"
)

var update = flag.Bool("update", false, "write the golden files anew")

type reader func([]byte, string) (*Proposal, error)

// TestRead compares what is read, and what is said about it, with golden files.
func TestRead(t *testing.T) {
	for name, read := range map[string]reader{"threagile": ReadThreagile, "otm": ReadOTM} {
		t.Run(name, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
			if err != nil {
				t.Fatal(err)
			}
			p, err := read(raw, name+".yaml")
			if err != nil {
				t.Fatal(err)
			}
			got := append(system.Encode(p.Model), "\n"+strings.Join(p.Notes, "\n")+"\n"...)
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// TestRoundTrip writes the examples as OTM and reads them back: all that OTM has
// a place for, or attributes keep, is the same; what is not is in the notes.
func TestRoundTrip(t *testing.T) {
	examples, err := filepath.Glob("../../examples/*/surety.yaml")
	if err != nil || len(examples) < 3 {
		t.Fatalf("examples: %d, %v", len(examples), err)
	}
	for _, file := range examples {
		t.Run(filepath.Base(filepath.Dir(file)), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, err := system.Decode(raw, file)
			if err != nil {
				t.Fatal(err)
			}
			otm, notes := WriteOTM(want, nil)
			p, err := ReadOTM(otm, "otm.json")
			if err != nil {
				t.Fatal(err)
			}
			if len(p.Notes) != 0 {
				t.Errorf("what was written is not all read: %s", strings.Join(p.Notes, "\n"))
			}
			left := strings.Join(notes, "\n")
			for note, given := range map[string]bool{"deviations of responsibility": want.Responsibility != nil,
				"appetite and losses": want.Risk != nil, "assumptions": want.Assume != nil} {
				if strings.Contains(left, note) != given {
					t.Errorf("the notes on %s are wrong: %s", note, left)
				}
			}
			want.Responsibility, want.Risk, want.Assume = nil, nil, nil
			strip(want)
			strip(p.Model)
			if a, b := system.Encode(want), system.Encode(p.Model); !bytes.Equal(a, b) {
				t.Errorf("written\n%s\nread back\n%s", a, b)
			}
		})
	}
}

// strip takes out where facts were stated.
func strip(m *system.Model) {
	m.Inferred = false
	for _, x := range m.Parties {
		x.Origin.File = ""
	}
	for _, x := range m.Services {
		x.Origin.File = ""
	}
	for _, x := range m.Data {
		x.Origin.File = ""
	}
	for _, x := range m.Zones {
		x.Origin.File = ""
	}
	for _, x := range m.Components {
		x.Origin.File = ""
	}
	for _, x := range m.Flows {
		x.Origin.File = ""
	}
}

// TestBadInput: one clear error, with the line.
func TestBadInput(t *testing.T) {
	tests := []struct {
		name, in, want string
		read           reader
	}{
		{"nothing", "", "holds no mapping", ReadThreagile},
		{"a list", "- a", "holds no mapping", ReadOTM},
		{"no assets", "title: x", "f:1: read threat model: it has no technical_assets; give Threagile's own model file", ReadThreagile},
		{"includes", "includes: [a.yaml]", "put what it includes into one file first", ReadThreagile},
		{"two documents", "a: 1\n---\nb: 1", "f:3: read threat model: a second document begins here", ReadOTM},
		{"repeated key", "otmVersion: 0.2.0\notmVersion: 0.2.0", "f:2: read threat model: key otmVersion is already on line 1", ReadOTM},
		{"link to nothing", "technical_assets:\n  a: {id: a, owner: o, communication_links: {x: {target: b}}}", "f:2: read threat model: link x leads to b, which is no technical asset", ReadThreagile},
		{"data of nothing", "technical_assets:\n  a: {id: a, owner: o, data_assets_stored: [d]}", "f:2: read threat model: d is not the id of data; declare it under data_assets", ReadThreagile},
		{"version", "otmVersion: 3.0.0", `otmVersion is "3.0.0"; give an Open Threat Model of version 0.1 or 0.2`, ReadOTM},
		{"zone twice", "otmVersion: 0.2.0\ntrustZones:\n - {id: a}\n - {id: a}", "f:4: read threat model: trust zone without an id, or with one that is taken", ReadOTM},
		{"unknown zone", "otmVersion: 0.2.0\ncomponents:\n - {id: a, parent: {trustZone: z}}", "f:3: read threat model: z is not the id of a trust zone", ReadOTM},
		{"unknown host", "otmVersion: 0.2.0\ncomponents:\n - {id: a, parent: {component: z}}", "f:3: read threat model: a lies in z, which is no component", ReadOTM},
		{"flow from nothing", "otmVersion: 0.2.0\ndataflows:\n - {id: f, source: a, destination: b}", `f:3: read threat model: the source of a dataflow is "a"`, ReadOTM},
		{"zones in a circle", "otmVersion: 0.2.0\ntrustZones:\n - {id: a, name: a, parent: {trustZone: b}}\n - {id: b, name: b, parent: {trustZone: a}}", "it makes no model", ReadOTM},
		{"not our attributes", "otmVersion: 0.2.0\ntrustZones:\n - {id: a, attributes: {surety: {category: cloud, provider: p, customer: q}}}", "it makes no model", ReadOTM},
	}
	for _, x := range tests {
		t.Run(x.name, func(t *testing.T) {
			_, err := x.read([]byte(x.in), "f")
			if err == nil || !strings.Contains(err.Error(), x.want) {
				t.Errorf("got %v, want %s", err, x.want)
			}
		})
	}
}

func FuzzThreagile(f *testing.F) { fuzz(f, "threagile", ReadThreagile) }
func FuzzOTM(f *testing.F)       { fuzz(f, "otm", ReadOTM) }

// fuzz: any bytes are an error or make a model that Surety accepts.
func fuzz(f *testing.F, name string, read reader) {
	raw, err := os.ReadFile(filepath.Join("testdata", name+".yaml"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw)
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := read(raw, "f")
		if err != nil {
			return
		}
		if _, err := system.Decode(system.Encode(p.Model), "f"); err != nil {
			t.Error(err)
		}
	})
}
