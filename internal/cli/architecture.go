package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/architecture"
	"github.com/surety-cloud/surety/internal/report"
)

// architectureFlags are the flags of architecture.
type architectureFlags struct {
	runFlags
	format  string
	output  string
	drawing string
	color   string
}

func (p Program) architectureCommand() *cobra.Command {
	var f architectureFlags
	c := &cobra.Command{
		Use:   "architecture [SOURCE...]",
		Short: "Draw the system, and its controls on the reference architecture of Y.3502",
		Long: `Architecture draws the model: services on the services they run on, zones and
components in them, flows between them, each with the party that answers for it;
and the layers and functional components of ITU-T Y.3502 with the controls that
apply to this system, whose they are, and the checks that show them.

With a SOURCE (as for surety assess) it assesses that first, and every box says how
it stands; without a model it then draws the inferred one. Without a SOURCE it draws
the model of --system, or the surety.yaml of the working directory.

    surety architecture -o system.svg
    surety architecture --system surety.yaml --format text deploy/`,
		RunE: func(c *cobra.Command, args []string) error { return p.architecture(c.Context(), f, args) },
	}
	fs := c.Flags()
	f.runFlags.register(fs)
	fs.StringVar(&f.format, "format", "svg", "svg, text or json")
	fs.StringVarP(&f.output, "output", "o", "", "write to this `FILE` instead of standard output")
	fs.StringVar(&f.drawing, "drawing", "all", "what svg draws: system, functions or all")
	fs.StringVar(&f.color, "color", string(architecture.ByParty), "what colours the boxes of svg: party or status")
	return c
}

func (p Program) architecture(ctx context.Context, f architectureFlags, args []string) error {
	if err := errors.Join(refuseFormat(f.format, "svg", "text", "json"), f.refuse()); err != nil {
		return err
	}
	view, err := p.view(ctx, f.runFlags, args)
	if err != nil {
		return err
	}
	if f.color == string(architecture.ByStatus) && !view.Assessed {
		return &usageError{errors.New("--color status needs a SOURCE: without evidence nothing has a status")}
	}
	write := func(w io.Writer) error { return report.WriteArchitecture(w, f.format, view) }
	if f.format == "svg" {
		scene := report.Drawing(view, f.drawing)
		for _, note := range scene.Notes {
			p.say(note)
		}
		write = func(w io.Writer) error { return architecture.WriteSVG(w, scene, architecture.Colour(f.color)) }
	}
	if err := p.writeOutput(f.output, write); err != nil || ctx.Err() == nil {
		return err
	}
	return &surety.Error{Kind: surety.Canceled, Op: "assess", Err: errInterrupted}
}

// refuse checks the flags that choose among words.
func (f *architectureFlags) refuse() error {
	switch f.drawing {
	case report.SystemDrawing, report.FunctionsDrawing, report.BothDrawings:
	default:
		return &usageError{fmt.Errorf("--drawing %s: there is no such drawing; use one of system, functions, all", f.drawing)}
	}
	switch architecture.Colour(f.color) {
	case architecture.ByParty, architecture.ByStatus:
		return nil
	}
	return &usageError{fmt.Errorf("--color %s: use party or status", f.color)}
}

// view places the model, and what an assessment of the sources says of it if there
// are any.
func (p Program) view(ctx context.Context, f runFlags, args []string) (*architecture.View, error) {
	k, err := p.look(ctx, f, args)
	if err != nil {
		return nil, err
	}
	if k.Model.Inferred {
		p.say("no model was given: this is the one inferred from the evidence; surety init writes it down")
	}
	return architecture.New(k.Model, k.Catalog, k.Duties, k.Assessment)
}
