package cli

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/assure"
	"github.com/surety-cloud/surety/system"
	"github.com/surety-cloud/surety/system/interchange"
)

func (p Program) initCommand() *cobra.Command {
	var f runFlags
	var output string
	var force, plans, otm, threagile bool
	c := &cobra.Command{
		Use:   "init SOURCE...",
		Short: "Write down the system that is seen in SOURCE, as surety.yaml",
		Long: `Init proposes a model from what it observes: namespaces, workloads, services,
ingresses, network policies, volumes and service accounts, and the parties that
these show. Run again it merges: what a person wrote stays, what is new is added,
what is gone is reported. --force writes the proposal over an existing file.

--oscal takes the SOURCEs for OSCAL system security plans of systems that run on
each other: each becomes a party and a service, and what it exports becomes the
terms of its provider, in the folder terms beside the model.

--otm and --threagile take one SOURCE for a model of another tool: an Open Threat
Model, or a file of Threagile. What does not fit, and what was guessed, is listed.`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			switch {
			case plans:
				return p.initFromPlans(output, force, args)
			case otm:
				return p.initFromThreatModel(output, force, args, interchange.ReadOTM)
			case threagile:
				return p.initFromThreatModel(output, force, args, interchange.ReadThreagile)
			}
			return p.init(c.Context(), f, output, force, args)
		},
	}
	c.Flags().StringVar(&f.kubeconfig, "kubeconfig", "", "kubeconfig `FILE` for live sources")
	c.Flags().StringVarP(&output, "output", "o", "surety.yaml", "the model `FILE` to write; - is standard output")
	c.Flags().BoolVar(&force, "force", false, "replace an existing model instead of merging into it")
	c.Flags().BoolVar(&plans, "oscal", false, "the SOURCEs are OSCAL system security plans")
	c.Flags().BoolVar(&otm, "otm", false, "the SOURCE is an Open Threat Model, in YAML or JSON")
	c.Flags().BoolVar(&threagile, "threagile", false, "the SOURCE is a model of Threagile")
	c.MarkFlagsMutuallyExclusive("oscal", "otm", "threagile")
	return c
}

func (p Program) init(ctx context.Context, f runFlags, output string, force bool, args []string) error {
	sources, err := p.sources(f, args)
	if err != nil {
		return err
	}
	items, reports, err := assure.Observe(ctx, sources)
	if err != nil {
		return err
	}
	for _, r := range reports {
		for _, problem := range r.Problems {
			p.say(problem.Origin.String() + ": " + problem.Message)
		}
	}
	var existing []byte
	if output != "-" && !force {
		existing, err = os.ReadFile(output)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return &surety.Error{Kind: surety.Unreadable, Op: "read model", Err: err}
		}
	}
	model, notes, err := system.Init(existing, output, items)
	if err != nil {
		return err
	}
	for _, note := range notes {
		p.say(note)
	}
	return p.writeOutput(output, func(w io.Writer) error {
		_, err := w.Write(model)
		return err
	})
}

// initFromThreatModel writes the model that another tool's file describes.
func (p Program) initFromThreatModel(output string, force bool, files []string, read func([]byte, string) (*interchange.Proposal, error)) error {
	if len(files) != 1 {
		return &usageError{errors.New("give one file; threat models are not merged")}
	}
	raw, err := readBounded(files[0], interchange.MaxBytes, "read threat model")
	if err != nil {
		return err
	}
	proposal, err := read(raw, files[0])
	if err != nil {
		return err
	}
	for _, note := range proposal.Notes {
		p.say(note)
	}
	return p.writeNew(map[string][]byte{output: system.Encode(proposal.Model)}, force)
}
