package cli

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/witness"
)

// rotation are the flags of commands that replace a key of a log or a witness.
type rotation struct {
	key    string
	finish bool
}

func (r *rotation) register(c *cobra.Command) {
	c.Flags().StringVar(&r.key, "key", "", heldUsage)
	c.Flags().BoolVar(&r.finish, "finish", false, "let the older of the two keys go")
	c.MarkFlagsMutuallyExclusive("key", "finish")
}

func (p Program) logRotateCommand() *cobra.Command {
	var state string
	var r rotation
	c := &cobra.Command{
		Use:   "rotate DIR",
		Short: "Replace the log's key, so that no reader fails in between",
		Long: `Rotate gives the log a second key. From its next start on both sign each head, and
who knows either believes it. When all readers and witnesses know the new one, the
older goes:

    surety log rotate DIR                 prints the new key; then start the log anew
    surety trust add log VKEY             each reader and witness, when it likes
    surety log rotate DIR --finish        once they have; start the log anew

Readers keep the line of the older key as long as they hold proofs that were made
while it signed alone. A key that was stolen is no case for this: say so to the
readers, who take its line out.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			dir := args[0]
			config, err := loadLog(dir, stateOf(dir, state))
			if err != nil {
				return err
			}
			if r.finish {
				old, err := config.DropKey(p.publicKey)
				if err != nil {
					return logError(dir, err)
				}
				p.say("no longer signs from the next start of surety log serve on: " + old)
				return nil
			}
			held, vkey, err := p.heldKey(config.Origin, r.key)
			if err == nil {
				err = config.AddKey(held, vkey)
			}
			if err != nil {
				return logError(dir, err)
			}
			fmt.Fprintln(p.Stdout, vkey)
			p.say("both keys sign from the next start of surety log serve on; readers' policies believe the new one by the line: log " + vkey)
			return nil
		},
	}
	stateFlag(c, &state)
	r.register(c)
	return c
}

func (p Program) witnessRotateCommand() *cobra.Command {
	var r rotation
	c := &cobra.Command{
		Use:   "rotate DIR",
		Short: "Replace the witness's key, so that no reader fails in between",
		Long: `Rotate gives the witness a second key. From its next start on both co-sign each
head. A log asks it once, and takes both signatures if its policy has both keys under
one URL, as readers' policies then have them:

    witness w-old VKEY https://witness.example
    witness w-new VKEY https://witness.example
    group w any w-old w-new

and w where w-old stood. When all have that, "surety witness rotate DIR --finish" lets
the older go.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			return logError(args[0], p.rotateWitness(filepath.Join(args[0], "key"), r))
		},
	}
	r.register(c)
	return c
}

func (p Program) rotateWitness(path string, r rotation) error {
	list, err := readHeld(path)
	switch {
	case err != nil:
		return err
	case r.finish && len(list) < 2:
		return errors.New("one key signs; there is no older one that could go")
	case r.finish:
		if err := durable.Replace(path, []byte(witness.KeyFile(list[1:]...))); err != nil {
			return err
		}
		p.say("the older key no longer signs from the next start of surety witness on")
		return nil
	case len(list) > 1:
		return errors.New("two keys sign already; --finish lets the older go")
	}
	held, vkey, err := p.heldKey(list[0].Name, r.key)
	if err == nil {
		vkey, err = witness.CoSignerKey(vkey)
	}
	switch {
	case err != nil:
		return err
	case slices.Contains(list, held):
		return errors.New("it is the key that signs already")
	}
	if err := durable.Replace(path, []byte(witness.KeyFile(append(list, held)...))); err != nil {
		return err
	}
	fmt.Fprintln(p.Stdout, vkey)
	p.say("both keys co-sign from the next start of surety witness on")
	return nil
}
