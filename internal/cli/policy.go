package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/policy"
)

func (p Program) policyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "policy",
		Short: "List, show and test checks",
		Args:  cobra.NoArgs,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(p.policyListCommand(), p.policyShowCommand(), p.policyTestCommand())
	return c
}

func (p Program) policyListCommand() *cobra.Command {
	var f runFlags
	var format string
	c := &cobra.Command{
		Use:   "list",
		Short: "List the checks: id, severity, controls, title",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			set, _, err := knownPolicy(f)
			if err != nil {
				return err
			}
			if format == "json" {
				return writeCheckList(p.Stdout, set.Checks())
			}
			for _, c := range set.Checks() {
				printSafely(p.Stdout, "%-28s %-9s %-11s %-24s %s\n", c.ID, c.Severity, c.Provider, strings.Join(c.Controls, ","), c.Title)
			}
			fmt.Fprintf(p.Stdout, "%d checks\n", len(set.Checks()))
			return nil
		},
	}
	f.registerPolicy(c.Flags())
	c.Flags().StringVar(&format, "format", "text", "text or json")
	return c
}

// checkEntry is one check of policy list --format json.
type checkEntry struct {
	ID          string          `json:"id"`
	Aliases     []string        `json:"aliases"`
	Title       string          `json:"title"`
	Severity    surety.Severity `json:"severity"`
	Engine      string          `json:"engine"`
	Provider    string          `json:"provider"`
	Kinds       []string        `json:"kinds"`
	Controls    []string        `json:"controls"`
	Reads       policy.ReadSet  `json:"reads"`
	Version     surety.Digest   `json:"version"`
	Description string          `json:"description"`
	Remediation string          `json:"remediation"`
}

func writeCheckList(w io.Writer, checks []*policy.Check) error {
	list := make([]checkEntry, len(checks))
	for i, c := range checks {
		list[i] = checkEntry{c.ID, c.Aliases, c.Title, c.Severity, c.Engine, c.Provider, c.Kinds,
			c.Controls, c.Reads, c.Version, c.Description, c.Remediation}
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(list)
}

func (p Program) policyShowCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "show CHECK",
		Short: "Show one check: what it demands, reads, and which control it shows",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			set, known, err := knownPolicy(f)
			if err != nil {
				return err
			}
			check, err := findCheck(set, args[0])
			if err != nil {
				return err
			}
			explainRule(p.Stdout, check, known)
			printSafely(p.Stdout, "kinds     %s\naliases   %s\nversion   %s\n",
				strings.Join(check.Kinds, ", "), strings.Join(check.Aliases, ", "), check.Version)
			return nil
		},
	}
	f.registerPolicy(c.Flags())
	return c
}

// knownPolicy loads the catalogue and the checks f asks for.
func knownPolicy(f runFlags) (*policy.Set, *catalog.Catalog, error) {
	known, err := catalog.Default()
	if err != nil {
		return nil, nil, err
	}
	set, err := loadPolicy(f, known)
	return set, known, err
}

func findCheck(set *policy.Set, name string) (*policy.Check, error) {
	if c := set.Find(name); c != nil {
		return c, nil
	}
	return nil, &surety.Error{
		Kind: surety.BadInput, Op: "find check", Err: fmt.Errorf("there is no check %q", name),
		Hint: "surety policy list shows them all",
	}
}

// explainRule prints what a check demands, what it reads and which controls it
// shows.
func explainRule(w io.Writer, check *policy.Check, known *catalog.Catalog) {
	fmt.Fprintf(w, "rule      %s %s (%s, %s)\n", check.ID, report.Printable(check.Title), check.Severity, check.Engine)
	paragraph(w, "", check.Description)
	paragraph(w, "fix       ", check.Remediation)
	for _, ref := range check.References {
		fmt.Fprintf(w, "          %s\n", report.Printable(ref))
	}
	if check.Engine == "imported" {
		fmt.Fprintf(w, "reads     what another tool read, which Surety did not see\n")
	} else {
		fmt.Fprintf(w, "reads     %s\n", strings.Join(ownPaths(check.Reads), "\n          "))
	}
	for _, id := range check.Controls {
		if c := known.Control(id); c != nil {
			fmt.Fprintf(w, "control   %s %s (X.1601 clause %s)\n", c.ID, c.Title, c.Capability)
			paragraph(w, "", c.Statement)
		}
	}
}

// ownPaths leaves out the paths that the content reads of an admission review,
// which wraps an object and is never evidence.
func ownPaths(reads policy.ReadSet) []string {
	var out []string
	for _, path := range reads {
		if !strings.HasPrefix(path, "/review/") {
			out = append(out, path)
		}
	}
	return out
}
