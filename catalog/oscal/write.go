package oscal

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/system"
)

// CatalogFile is the name under which profiles and mappings refer to the catalogue.
const CatalogFile = "surety-catalog.json"

// Catalog writes all controls as an OSCAL catalogue: a group for each capability
// of X.1601, and in each control the statement, how it is tested, what to ask
// for, and what each role does. Shares are properties named "share" whose class
// is the service category and the role.
func Catalog(c *catalog.Catalog) ([]byte, error) {
	m, err := about(c, "Surety catalogue of cloud security controls")
	if err != nil {
		return nil, err
	}
	m.Roles = []role{{string(system.Customer), "Cloud service customer"}, {string(system.Provider), "Cloud service provider"}, {string(system.Partner), "Cloud service partner"}}
	out := &catalogModel{UUID: UUID("catalog", c.Version), Metadata: m}
	for _, p := range c.Capabilities {
		g := group{ID: Token("x1601-" + p.Clause), Title: p.Title, Props: []property{{Name: "label", Value: p.Code}, prop("clause", p.Clause)}}
		for _, k := range c.Controls {
			if k.Capability == p.Clause {
				g.Controls = append(g.Controls, controlOf(c, k))
			}
		}
		out.Groups = append(out.Groups, g)
	}
	return write(document{Catalog: out})
}

func controlOf(c *catalog.Catalog, k *catalog.Control) control {
	id := Token(k.ID)
	out := control{ID: id, Class: "surety", Title: k.Title, Props: []property{
		{Name: "label", Value: k.ID}, prop("topic", k.Topic), prop("layer", string(k.Layer)), prop("component", k.Component),
		prop("evidence", string(k.Evidence)), prop("function", string(k.Efficacy.Function)), prop("grade", string(k.Efficacy.Grade)),
	}}
	if k.Valid > 0 {
		out.Props = append(out.Props, prop("valid-days", strconv.Itoa(int(k.Valid/(24*time.Hour)))))
	}
	for _, cat := range system.Categories {
		if !k.AppliesTo(cat) {
			continue
		}
		for _, r := range k.Owner[cat].Roles() {
			share := prop("share", string(k.Owner[cat].Of(r)))
			share.Class = string(cat) + "." + string(r)
			out.Props = append(out.Props, share)
		}
	}
	for _, o := range k.Offers {
		out.Props = append(out.Props, prop("offer", string(o)))
	}
	for _, t := range k.Threats {
		out.Props = append(out.Props, prop("threat", t))
	}
	for _, clause := range k.Clauses {
		out.Props = append(out.Props, prop("clause", clause))
	}
	for _, check := range c.ChecksOf(k.ID) {
		out.Props = append(out.Props, prop("check", check))
	}
	out.Parts = []part{
		{ID: id + "_smt", Name: "statement", Prose: k.Statement},
		{ID: id + "_obj", Name: "assessment-objective", Prose: k.Test},
		{ID: id + "_proof", Name: "proof", NS: NS, Prose: k.Proof},
	}
	for _, r := range catalog.Roles {
		if d, ok := k.Does[r]; ok {
			out.Parts = append(out.Parts, part{ID: id + "_" + string(r), Name: "duty", NS: NS, Class: string(r),
				Props: []property{prop("activity", d.Activity)}, Prose: d.Do})
		}
	}
	return out
}

// Profile writes a choice of the controls as an OSCAL profile of the catalogue.
// what says in a few words which choice it is.
func Profile(c *catalog.Catalog, what string, chosen []*catalog.Control) ([]byte, error) {
	m, err := about(c, "Surety profile: "+what)
	if err != nil {
		return nil, err
	}
	if len(chosen) == 0 {
		return nil, &surety.Error{Kind: surety.BadInput, Op: "write OSCAL profile", Err: fmt.Errorf("no control is chosen by %s", what),
			Hint: "loosen the filters; surety catalog list shows what they leave"}
	}
	var ids []string
	for _, k := range chosen {
		ids = append(ids, Token(k.ID))
	}
	return write(document{Profile: &profileModel{
		UUID: UUID("profile", c.Version, what, strings.Join(ids, " ")), Metadata: m,
		Imports: []profileImport{{Href: CatalogFile, Include: []selection{{ids}}}}, Merge: &merge{true},
	}})
}

// relationships are the names of OSCAL's mapping model for the relations.
var relationships = map[catalog.Relation]string{
	catalog.Equal: "equal-to", catalog.Equivalent: "equivalent-to", catalog.Subset: "subset-of",
	catalog.Superset: "superset-of", catalog.Intersects: "intersects-with",
}

// Mapping writes how the controls stand to the ids of the frameworks with these
// keys as an OSCAL mapping collection. The ids that no control is mapped to are
// the gap of each mapping.
func Mapping(c *catalog.Catalog, keys ...string) ([]byte, error) {
	m, err := about(c, "Surety crosswalk to "+strings.Join(keys, ", "))
	if err != nil {
		return nil, err
	}
	out := &mappingModel{UUID: UUID("mapping", c.Version, strings.Join(keys, " ")), Metadata: m, Provenance: provenance{
		Method: "human", Rationale: "semantic", Status: "draft",
		Description: "Each relation is that of what the Surety control demands to what the other id demands, by Surety's own judgement. Nobody has judged what several controls come to together.",
	}}
	for _, key := range keys {
		f := c.Framework(key)
		if f == nil {
			return nil, &surety.Error{Kind: surety.BadInput, Op: "write OSCAL mapping", Err: fmt.Errorf("there is no framework %q", key),
				Hint: "surety catalog coverage lists them"}
		}
		if one := mappingTo(c, f); len(one.Maps) > 0 {
			out.Mappings = append(out.Mappings, one)
		}
	}
	if len(out.Mappings) == 0 {
		return nil, &surety.Error{Kind: surety.BadInput, Op: "write OSCAL mapping", Err: fmt.Errorf("no control is mapped to %s", strings.Join(keys, ", ")),
			Hint: "surety catalog coverage lists the frameworks"}
	}
	return write(document{Mapping: out})
}

func mappingTo(c *catalog.Catalog, f *catalog.Framework) mapping {
	out := mapping{
		UUID: UUID("mapping", c.Version, f.Key), Source: resource{"catalog", CatalogFile}, Target: resource{"catalog", "urn:surety:framework:" + f.Key},
		Props: []property{prop("framework", f.Key), prop("framework-version", f.Version)}, Remarks: f.Title + ". " + f.Licence + ".",
	}
	var open []string
	for _, row := range c.Coverage(f, nil).Rows {
		if len(row.Links) == 0 {
			open = append(open, Token(row.ID))
		}
		for _, l := range row.Links {
			out.Maps = append(out.Maps, pairing{UUID("map", c.Version, l.Control, f.Key, l.ID), relationships[l.Relation],
				[]item{{"control", l.Control}}, []item{{"control", l.ID}}})
		}
	}
	if len(open) > 0 {
		out.Gap = &gap{UUID("gap", c.Version, f.Key), []selection{{open}}}
	}
	return out
}

// about is the metadata of a document about this version of the catalogue.
func about(c *catalog.Catalog, title string) (metadata, error) {
	day, err := time.Parse(time.DateOnly, c.Version)
	if err != nil {
		return metadata{}, &surety.Error{Kind: surety.BadInput, Op: "write OSCAL", Err: fmt.Errorf("the catalogue's version is %q, no day", c.Version),
			Hint: "write its version as a day, such as 2026-11-27"}
	}
	return metadata{Title: title, LastModified: day.Format(time.RFC3339), Version: c.Version, OSCALVersion: Version}, nil
}

func prop(name, value string) property { return property{Name: name, NS: NS, Value: value} }

func write(d document) ([]byte, error) {
	raw, err := json.MarshalIndent(d, "", " ")
	if err != nil {
		return nil, fmt.Errorf("encode OSCAL: %w", err)
	}
	return append(raw, '\n'), nil
}
