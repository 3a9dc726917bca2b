package cli

import (
	"bytes"
	"io"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety/catalog/oscal"
)

func (p Program) catalogExportCommand(f *catalogFlags) *cobra.Command {
	var s selectFlags
	var format, output string
	c := &cobra.Command{
		Use:   "export",
		Short: "Export the controls as OSCAL (catalog, profile, mapping collection) or JSON",
		Long: `Export writes the catalogue for other tools:

    --format oscal          an OSCAL 1.2 catalogue of all controls
    --format oscal-profile  an OSCAL profile of the controls that the filters choose
    --format oscal-mapping  an OSCAL mapping collection to each embedded framework,
                            or to the one that --framework names
    --format json           the controls that the filters choose, in full

Profile and mapping refer to the catalogue as ` + oscal.CatalogFile + ` beside them.
The same catalogue gives the same bytes.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := refuseFormat(format, "oscal", "oscal-profile", "oscal-mapping", "json"); err != nil {
				return err
			}
			k, err := p.load(f)
			if err != nil {
				return err
			}
			raw, err := k.export(format, s)
			if err != nil {
				return err
			}
			return p.writeOutput(output, func(w io.Writer) error {
				_, err := w.Write(raw)
				return err
			})
		},
	}
	s.register(c.Flags())
	c.Flags().StringVar(&format, "format", "oscal", "oscal, oscal-profile, oscal-mapping or json")
	c.Flags().StringVarP(&output, "output", "o", "", "write to this `FILE`")
	return c
}

func (k *knowledge) export(format string, s selectFlags) ([]byte, error) {
	chosen, err := k.choose(s)
	if err != nil {
		return nil, err
	}
	switch format {
	case "oscal-profile":
		return oscal.Profile(k.Catalog, s.text(), chosen)
	case "oscal-mapping":
		return oscal.Mapping(k.Catalog, k.mappable(s.framework)...)
	case "json":
		var out bytes.Buffer
		err := writeControlsJSON(&out, k.Catalog, chosen)
		return out.Bytes(), err
	}
	return oscal.Catalog(k.Catalog)
}

// mappable lists the keys to map to: the one given, or all that are embedded.
func (k *knowledge) mappable(key string) []string {
	if f := k.known(key); f != nil {
		return []string{f.Key}
	}
	var keys []string
	for _, f := range k.Frameworks {
		keys = append(keys, f.Key)
	}
	return keys
}
