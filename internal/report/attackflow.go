package report

import (
	"cmp"
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/surety-cloud/surety/attack"
)

// The extension of STIX 2.1 that defines Attack Flow 2, and who made it, as its authors
// publish them (github.com/center-for-threat-informed-defense/attack-flow).
const (
	flowExtension = "extension-definition--fb9c968a-745b-4ade-9b25-c324172197f4"
	flowAuthor    = "identity--d673f8cb-c168-42da-8ed4-0cb26725f86c"
	flowMade      = "2022-08-02T19:34:35.143Z"
)

// stix is an object of STIX 2.1 as far as a flow needs it.
type stix struct {
	Type        string         `json:"type"`
	SpecVersion string         `json:"spec_version"`
	ID          string         `json:"id"`
	CreatedBy   string         `json:"created_by_ref,omitempty"`
	Created     string         `json:"created"`
	Modified    string         `json:"modified"`
	Name        string         `json:"name,omitempty"`
	Description string         `json:"description,omitempty"`
	Class       string         `json:"identity_class,omitempty"`
	Schema      string         `json:"schema,omitempty"`
	Version     string         `json:"version,omitempty"`
	Types       []string       `json:"extension_types,omitempty"`
	Scope       string         `json:"scope,omitempty"`
	Starts      []string       `json:"start_refs,omitempty"`
	Technique   string         `json:"technique_id,omitempty"`
	Operator    string         `json:"operator,omitempty"`
	Assets      []string       `json:"asset_refs,omitempty"`
	Effects     []string       `json:"effect_refs,omitempty"`
	OnTrue      []string       `json:"on_true_refs,omitempty"`
	Extensions  map[string]any `json:"extensions,omitempty"`
}

// flowWriter collects the objects of a flow.
type flowWriter struct {
	a       *attack.Answer
	p       *attack.Picture
	at      string
	author  string
	objects []*stix
	assets  map[int32]*stix
	gives   map[int32][]*stix // what gives each node: actions, or the condition of a start
	actions map[int32]*stix   // by step
}

// writeAttackFlow writes the paths as an Attack Flow 2: a STIX 2.1 bundle in which each
// attack is an action, what it acts on an asset, and a start or an end a condition. Where
// an action needs several things an operator AND stands before it, where it needs one of
// several an operator OR. Ids follow from the content, so that equal paths give equal ids.
func writeAttackFlow(w io.Writer, a *attack.Answer, o Options) error {
	f := &flowWriter{a: a, p: a.Picture(), at: o.Time.UTC().Format("2006-01-02T15:04:05.000Z"), assets: map[int32]*stix{}, gives: map[int32][]*stix{}, actions: map[int32]*stix{}}
	f.heading(o)
	flow := f.object("attack-flow", "flow")
	flow.Name, flow.Scope = "Attack paths of "+cmp.Or(a.Model.Name, "(unnamed)"), "attack-tree"
	flow.Description = "Ways that are open as far as can be seen. Chances compare ways; they rest on a table of judgements."
	for _, n := range a.From {
		c := f.object("attack-condition", "start "+f.key(n))
		c.Description = "The attacker starts from " + a.Nodes[n].Label()
		f.gives[n] = append(f.gives[n], c)
		flow.Starts = append(flow.Starts, c.ID)
	}
	for i := range f.p.Links {
		f.action(&f.p.Links[i])
	}
	for i := range f.p.Links {
		f.connect(&f.p.Links[i])
	}
	for _, t := range a.Targets {
		if givers := f.gives[t.Node]; len(givers) > 0 {
			c := f.object("attack-condition", "end "+f.key(t.Node))
			c.Description = fmt.Sprintf("The attacker has %s: chance %s, from %s", a.Nodes[t.Node].Label(), chanceWords(t.Chance), count(t.Chance.Trials, "trial"))
			f.lead(f.any(givers, "end "+f.key(t.Node)), c)
		}
	}
	if len(flow.Starts) == 0 {
		c := f.object("attack-condition", "nowhere")
		c.Description = "Nothing leads in, as far as can be seen"
		flow.Starts = []string{c.ID}
	}
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(struct {
		Type    string  `json:"type"`
		ID      string  `json:"id"`
		Objects []*stix `json:"objects"`
	}{"bundle", f.id("bundle", f.at), f.objects})
}

// heading adds the extension's own definition, and who made what.
func (f *flowWriter) heading(o Options) {
	f.author = f.id("identity", "surety")
	f.objects = append(f.objects,
		&stix{Type: "extension-definition", SpecVersion: "2.1", ID: flowExtension, CreatedBy: flowAuthor, Created: flowMade, Modified: flowMade,
			Name: "Attack Flow", Description: "Extends STIX 2.1 with features to create Attack Flows.", Version: "2.0.0", Types: []string{"new-sdo"},
			Schema: "https://center-for-threat-informed-defense.github.io/attack-flow/stix/attack-flow-schema-2.0.0.json"},
		&stix{Type: "identity", SpecVersion: "2.1", ID: flowAuthor, CreatedBy: flowAuthor, Created: flowMade, Modified: flowMade,
			Name: "MITRE Center for Threat-Informed Defense", Class: "organization"},
		&stix{Type: "identity", SpecVersion: "2.1", ID: f.author, Created: f.at, Modified: f.at, Name: "Surety " + o.Version, Class: "system"})
}

// object adds an object of the extension. What tells it from others of its type is key.
func (f *flowWriter) object(typ, key string) *stix {
	o := &stix{Type: typ, SpecVersion: "2.1", ID: f.id(typ, key), CreatedBy: f.author, Created: f.at, Modified: f.at,
		Extensions: map[string]any{flowExtension: map[string]string{"extension_type": "new-sdo"}}}
	f.objects = append(f.objects, o)
	return o
}

// id makes an identifier of version 5 (RFC 9562, section 5.5) from a name of this system.
func (f *flowWriter) id(typ, key string) string {
	sum := sha1.Sum([]byte("surety\x00" + f.a.Model.Name + "\x00" + typ + "\x00" + key))
	sum[6], sum[8] = sum[6]&0x0f|0x50, sum[8]&0x3f|0x80
	h := hex.EncodeToString(sum[:16])
	return typ + "--" + strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
}

func (f *flowWriter) key(n int32) string {
	return string(f.a.Nodes[n].Kind) + " " + f.a.Nodes[n].Name
}

// asset returns the object of what an attack acts on.
func (f *flowWriter) asset(n int32) string {
	o := f.assets[n]
	if o == nil {
		node := &f.a.Nodes[n]
		o = f.object("attack-asset", f.key(n))
		o.Name = Printable(node.Label())
		if node.Origin.File != "" {
			o.Description = "Stated at " + node.Origin.String()
		}
		f.assets[n] = o
	}
	return o.ID
}

// action adds an attack, or a condition where a step is none.
func (f *flowWriter) action(l *attack.Link) {
	s := &f.a.Steps[l.Step]
	var from []string
	for _, n := range s.From {
		from = append(from, f.key(n))
	}
	key := s.Attack.ID + " " + strings.Join(from, " and ") + " to " + f.key(s.To)
	if s.Attack.Quiet && s.Chance == 1 {
		o := f.object("attack-condition", key)
		o.Description = strings.TrimSuffix(f.a.Words(s)+": "+factWords(s.Facts), ": ")
		f.gives[s.To], f.actions[l.Step] = append(f.gives[s.To], o), o
		return
	}
	o := f.object("attack-action", key)
	o.Name, o.Technique = s.Attack.Name, s.Attack.Technique
	o.Description = fmt.Sprintf("%s. Chance %s. %s", f.a.Words(s), percent(s.Chance), factWords(s.Facts))
	if s.Attack.Control != "" {
		party, element := f.a.Party(s)
		o.Description += fmt.Sprintf(". Answered by %s on %s, %s", s.Attack.Control, cmp.Or(element, "(no element)"), partyOrNobody(party))
	}
	o.Assets = []string{f.asset(s.To)}
	f.gives[s.To] = append(f.gives[s.To], o)
	f.actions[l.Step] = o
}

// connect leads to an action from what gives all that it needs.
func (f *flowWriter) connect(l *attack.Link) {
	to := f.actions[l.Step]
	if len(l.Needs) > 1 {
		and := f.object("attack-operator", "and "+to.ID)
		and.Operator, and.Effects = "AND", []string{to.ID}
		to = and
	}
	for i, need := range l.Needs {
		var givers []*stix
		for _, n := range need {
			givers = append(givers, f.gives[n]...)
		}
		if len(givers) > 0 {
			f.lead(f.any(givers, fmt.Sprintf("or %s %d", to.ID, i)), to)
		}
	}
}

// any is the one giver, or an operator OR over several.
func (f *flowWriter) any(givers []*stix, key string) *stix {
	if len(givers) == 1 {
		return givers[0]
	}
	or := f.object("attack-operator", key)
	or.Operator = "OR"
	for _, g := range givers {
		f.lead(g, or)
	}
	return or
}

func (f *flowWriter) lead(from, to *stix) {
	if from.Type == "attack-condition" {
		from.OnTrue = append(from.OnTrue, to.ID)
		return
	}
	from.Effects = append(from.Effects, to.ID)
}
