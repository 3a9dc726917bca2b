package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/system"
)

func (p Program) catalogListCommand(f *catalogFlags) *cobra.Command {
	var s selectFlags
	var format string
	c := &cobra.Command{
		Use:   "list",
		Short: "List the controls: id, layer, evidence, roles, title",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := refuseFormat(format, "text", "json"); err != nil {
				return err
			}
			k, err := p.load(f)
			if err != nil {
				return err
			}
			chosen, err := k.choose(s)
			if err != nil {
				return err
			}
			return writeControls(p.Stdout, k.Catalog, chosen, format)
		},
	}
	s.register(c.Flags())
	c.Flags().StringVar(&format, "format", "text", "text or json")
	return c
}

func (p Program) catalogSearchCommand(f *catalogFlags) *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "search WORD...",
		Short: "Find the controls whose words or ids hold every WORD",
		Args:  cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := refuseFormat(format, "text", "json"); err != nil {
				return err
			}
			k, err := p.load(f)
			if err != nil {
				return err
			}
			return writeControls(p.Stdout, k.Catalog, k.Search(args...), format)
		},
	}
	c.Flags().StringVar(&format, "format", "text", "text or json")
	return c
}

func writeControls(w io.Writer, c *catalog.Catalog, list []*catalog.Control, format string) error {
	if format == "json" {
		return writeControlsJSON(w, c, list)
	}
	for _, k := range list {
		fmt.Fprintf(w, "%-10s  %-14s  %-11s  %-25s  %s\n", k.ID, k.Layer, k.Evidence, joined(k.Roles(), ","), k.Title)
	}
	fmt.Fprintf(w, "%d of %d controls\n", len(list), len(c.Controls))
	return nil
}

// joined joins the words of a list.
func joined[T ~string](list []T, sep string) string {
	words := make([]string, len(list))
	for i, w := range list {
		words[i] = string(w)
	}
	return strings.Join(words, sep)
}

// controlEntry is one control of list, search and export in JSON.
type controlEntry struct {
	ID         string                                     `json:"id"`
	Topic      string                                     `json:"topic"`
	Capability string                                     `json:"capability"`
	Title      string                                     `json:"title"`
	Statement  string                                     `json:"statement"`
	Test       string                                     `json:"test"`
	Layer      catalog.Layer                              `json:"layer"`
	Component  string                                     `json:"component"`
	Applies    []system.Category                          `json:"applies"`
	Offers     []system.Offer                             `json:"offers,omitempty"`
	Owner      map[system.Category]map[system.Role]string `json:"owner"`
	Does       map[system.Role]dutyEntry                  `json:"does"`
	Threats    []string                                   `json:"threats"`
	Evidence   catalog.Evidence                           `json:"evidence"`
	Checks     []string                                   `json:"checks,omitempty"`
	ValidDays  int                                        `json:"valid_days,omitempty"`
	Proof      string                                     `json:"proof"`
	Efficacy   efficacyEntry                              `json:"efficacy"`
	Clauses    []string                                   `json:"clauses,omitempty"`
	Frameworks map[string]map[catalog.Relation][]string   `json:"frameworks"`
}

type dutyEntry struct {
	SubRole  string `json:"sub_role"`
	Activity string `json:"activity"`
	Do       string `json:"do"`
}

type efficacyEntry struct {
	Function catalog.Function `json:"function"`
	Grade    catalog.Grade    `json:"grade"`
	Mean     float64          `json:"mean"`
}

func entryOf(c *catalog.Catalog, k *catalog.Control) controlEntry {
	e := controlEntry{
		ID: k.ID, Topic: k.Topic, Capability: k.Capability, Title: k.Title, Statement: k.Statement, Test: k.Test,
		Layer: k.Layer, Component: k.Component, Offers: k.Offers, Threats: k.Threats, Evidence: k.Evidence, Checks: checksOf(c, k.ID),
		ValidDays: int(k.Valid / (24 * time.Hour)), Proof: k.Proof, Clauses: k.Clauses,
		Efficacy: efficacyEntry{k.Efficacy.Function, k.Efficacy.Grade, k.Efficacy.Grade.Mean()},
		Owner:    map[system.Category]map[system.Role]string{}, Does: map[system.Role]dutyEntry{},
		Frameworks: map[string]map[catalog.Relation][]string{},
	}
	for _, cat := range system.Categories {
		if !k.AppliesTo(cat) {
			continue
		}
		e.Applies = append(e.Applies, cat)
		e.Owner[cat] = map[system.Role]string{}
		for _, r := range k.Owner[cat].Roles() {
			e.Owner[cat][r] = string(k.Owner[cat].Of(r))
		}
	}
	subs := c.SubRolesOf(k)
	for role, d := range k.Does {
		e.Does[role] = dutyEntry{subs[role], d.Activity, d.Do}
	}
	for key, list := range k.Frameworks {
		e.Frameworks[key] = map[catalog.Relation][]string{}
		for _, m := range list {
			e.Frameworks[key][m.Relation] = append(e.Frameworks[key][m.Relation], m.ID)
		}
	}
	return e
}

func writeControlsJSON(w io.Writer, c *catalog.Catalog, list []*catalog.Control) error {
	out := struct {
		Schema   string         `json:"schema"`
		Version  string         `json:"version"`
		Controls []controlEntry `json:"controls"`
	}{"surety/catalog/v1", c.Version, make([]controlEntry, len(list))}
	for i, k := range list {
		out.Controls[i] = entryOf(c, k)
	}
	return writeJSON(w, out)
}

func writeJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
