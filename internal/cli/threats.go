package cli

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assure"
	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/internal/strict"
	"github.com/surety-cloud/surety/system"
	"github.com/surety-cloud/surety/threat"
)

// threatFlags are the flags of threats; what to look at is as in assess.
type threatFlags struct {
	runFlags
	rules   []string
	history []string // of risk and why
	party   string
	row     string
	format  string
	output  string
	width   int
	noColor bool
	all     bool
}

func (f *threatFlags) registerRules(c *cobra.Command) {
	f.runFlags.register(c.Flags())
	c.Flags().StringArrayVar(&f.rules, "rules", nil, "also ask the threat rules in this `DIR` or file; repeatable")
}

func (p Program) threatsCommand() *cobra.Command {
	var f threatFlags
	c := &cobra.Command{
		Use:   "threats [SOURCE...]",
		Short: "See what threatens the system, why, whom it concerns and whose controls answer it",
		Long: `Threats asks Surety's rules of each component, flow, service, class of data, zone
and party of the model: which threats and challenges of ITU-T X.1601 apply, on what
facts that rests, and who is accountable for the controls against it. What cannot be
decided is a question that names the missing facts. With a SOURCE the evidence is
assessed too, and says how these controls stand.

    surety threats                               from surety.yaml
    surety threats --party acme DIR              what bears on acme
    surety threats --row 8.1.5                   one row of X.1601
    surety threats --all                         every rule in full
    surety why store-unencrypted@orders-db       the facts that a threat rests on
    surety why-not store-unencrypted@orders-db   why a rule does not apply

An assumption of the model with accepts and expires takes threats on for a time:
they are listed apart, with who accepted them and until when.`,
		RunE: func(c *cobra.Command, args []string) error { return p.threats(c.Context(), f, args) },
	}
	fs := c.Flags()
	f.registerRules(c)
	fs.StringVar(&f.party, "party", "", "only what bears on this `NAME`, a party of the model, in its roles")
	fs.StringVar(&f.row, "row", "", "only this row of X.1601, by its `CLAUSE`, such as 7.1.1")
	fs.BoolVar(&f.all, "all", false, "every rule in full; the text shows what weighs most, and counts the rest")
	fs.StringVar(&f.format, "format", "text", strings.Join(threatFormats(), ", "))
	fs.StringVarP(&f.output, "output", "o", "", "write to this `FILE` instead of standard output")
	fs.BoolVar(&f.noColor, "no-color", false, "no colour, even on a terminal")
	fs.IntVar(&f.width, "width", 0, "columns of the text (default: the terminal's)")
	c.AddCommand(p.threatRulesCommand(), p.threatFactsCommand(), p.threatTestCommand())
	return c
}

func (p Program) threats(ctx context.Context, f threatFlags, sources []string) error {
	if err := refuseFormat(f.format, threatFormats()...); err != nil {
		return err
	}
	t, err := p.threatSet(ctx, f, sources)
	if err != nil {
		return err
	}
	if f.party != "" && t.Model.Parties[f.party] == nil {
		names := slices.Sorted(maps.Keys(t.Model.Parties))
		return notKnown("party", f.party, names)
	}
	if f.row != "" && !slices.ContainsFunc(t.Catalog.Threats, func(x *catalog.Threat) bool { return x.Clause == f.row }) {
		return &usageError{fmt.Errorf("--row %q is no row of X.1601; surety threats rules lists them", f.row)}
	}
	t.Party, t.Row, t.All = f.party, f.row, f.all
	t.Set = t.Set.Only(t.Catalog, f.party, f.row)
	if f.format == "otm" {
		return p.writeThreatModel(f.output, t)
	}
	return p.writeOutput(f.output, func(w io.Writer) error {
		return report.WriteThreats(w, f.format, t, p.options(f.output, f.noColor, f.width))
	})
}

// threatSet derives the threats of the model, with what an assessment of the
// sources, if there are any, says of the controls.
func (p Program) threatSet(ctx context.Context, f threatFlags, sources []string, more ...asking) (*report.Threats, error) {
	c, err := p.look(ctx, f.runFlags, sources, append([]asking{askThreats(f.rules)}, more...)...)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, &surety.Error{Kind: surety.Canceled, Op: "derive threats", Err: ctx.Err()}
	}
	return &report.Threats{Case: c, Set: c.Threats}, nil
}

// askThreats asks for the threats by Surety's own rules, those the model names and
// those given.
func askThreats(given []string) asking {
	return func(o *assure.Options) error {
		m := o.Model
		if m == nil {
			m = &system.Model{} // one that is inferred names no rules
		}
		var err error
		o.Threats, err = threatRules(m, o.Catalog, given)
		return err
	}
}

// threatRules are Surety's own rules, those the model names and those given.
func threatRules(m *system.Model, known *catalog.Catalog, given []string) (*threat.Rules, error) {
	rules, err := threat.Default()
	if err != nil {
		return nil, err
	}
	var more []*threat.Rules
	for _, path := range m.Rules {
		if !filepath.IsLocal(path) {
			return nil, &surety.Error{Kind: surety.BadInput, Op: "read threat rules", Origin: m.Origin, Err: fmt.Errorf("rules %q lie outside the folder of the model", path),
				Hint: "put them beside the model, or name them with --rules"}
		}
		given = append(given, filepath.Join(filepath.Dir(m.Origin.File), path))
	}
	for _, path := range given {
		r, err := readRules(path)
		if err != nil {
			return nil, err
		}
		if err := r.Check(known); err != nil {
			return nil, err
		}
		more = append(more, r)
	}
	return rules.With(more...)
}

// readRules reads the rules of a file or a directory.
func readRules(path string) (*threat.Rules, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, &surety.Error{Kind: surety.Unreadable, Op: "read threat rules", Err: err, Hint: "name a file of rules, or a directory of them"}
	}
	if info.IsDir() {
		return threat.Load(os.DirFS(path), path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, &surety.Error{Kind: surety.Unreadable, Op: "read threat rules", Err: err}
	}
	list, err := threat.Parse(raw, path)
	if err != nil {
		return nil, err
	}
	return (&threat.Rules{}).With(&threat.Rules{All: list})
}

func (p Program) threatRulesCommand() *cobra.Command {
	var dirs []string
	c := &cobra.Command{
		Use:   "rules",
		Short: "List the threat rules by row of X.1601",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			known, err := catalog.Default()
			if err != nil {
				return err
			}
			rules, err := threatRules(&system.Model{}, known, dirs)
			if err != nil {
				return err
			}
			for _, row := range known.Threats {
				printSafely(p.Stdout, "%-6s %s (%s)\n", row.Clause, row.Title, row.Role)
				for _, r := range rules.All {
					if slices.Contains(r.Rows, row.Clause) {
						printSafely(p.Stdout, "         %-28s %s\n", r.ID, r.Title)
					}
				}
			}
			return nil
		},
	}
	c.Flags().StringArrayVar(&dirs, "rules", nil, "also list the rules in this `DIR` or file; repeatable")
	return c
}

func (p Program) threatFactsCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "facts [KIND]",
		Short: "List the facts that threat rules can read: name, type and meaning",
		Args:  cobra.MaximumNArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			for _, k := range threat.Kinds {
				if len(args) > 0 && args[0] != string(k) {
					continue
				}
				for _, f := range threat.FactsOf(k) {
					fmt.Fprintf(p.Stdout, "%-28s %-16s %s\n", string(k)+"."+f.Name, f.Type, f.Doc)
				}
			}
			if len(args) > 0 && !slices.Contains(threat.Kinds, threat.Kind(args[0])) {
				names := make([]string, len(threat.Kinds))
				for i, k := range threat.Kinds {
					names[i] = string(k)
				}
				hint := "use " + strings.Join(names, ", ")
				if near := strict.Nearest(args[0], names); near != "" {
					hint = "did you mean " + near + "?"
				}
				return &usageError{fmt.Errorf("no rule is about a %q; %s", args[0], hint)}
			}
			return nil
		},
	}
}

func (p Program) threatTestCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "test DIR",
		Short: "Run the examples of the threat rules in DIR",
		Long: `Test derives, for each rule in DIR, the threats of its example models: it must apply
to those under applies, must not to those under absent, and must ask about those
under open. It exits 1 if one of them does not hold.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			known, err := catalog.Default()
			if err != nil {
				return err
			}
			rules, err := readRules(args[0])
			if err != nil {
				return err
			}
			if err := rules.Check(known); err != nil {
				return err
			}
			if len(rules.All) == 0 {
				return &surety.Error{Kind: surety.BadInput, Op: "test threat rules", Origin: surety.Origin{File: args[0]},
					Err: fmt.Errorf("it holds no rule"), Hint: "name a directory of rules in YAML"}
			}
			results := rules.Test(known)
			failed := 0
			for _, r := range results {
				if r.Err != nil {
					failed++
					printSafely(p.Stdout, "%s: %s: %v\n", r.Origin, r.Name, r.Err)
				}
			}
			printSafely(p.Stdout, "%d examples, %d failed\n", len(results), failed)
			if failed > 0 {
				return &breach{fmt.Sprintf("%d of %d examples failed", failed, len(results))}
			}
			return nil
		},
	}
}
