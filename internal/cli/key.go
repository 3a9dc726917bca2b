package cli

import (
	"crypto"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/bundle"
	"github.com/surety-cloud/surety/internal/keys"
	"github.com/surety-cloud/surety/internal/report"
	"github.com/surety-cloud/surety/internal/witness"
	"github.com/surety-cloud/surety/statement"
)

// passphraseEnv names the variable that a passphrase is taken from.
const passphraseEnv = "SURETY_PASSPHRASE"

// agentEnv names the variable in which ssh-agent leaves its socket.
const agentEnv = "SSH_AUTH_SOCK"

func (p Program) keyCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "key",
		Short: "Make the keys that sign statements, and say in a log what becomes of them",
		Long: `A key signs what you state about your system. Its file is encrypted with a
passphrase of at least 12 characters, which is asked for on the terminal, or read
from the file of --passphrase-file, or from the variable SURETY_PASSPHRASE.

A key that an ssh-agent holds is named agent:COMMENT or agent:SHA256:FINGERPRINT, as
ssh-add -l prints them, where a key file is asked for. It never leaves the agent. Keys
of a PKCS#11 token get there by ssh-add -s LIBRARY.

What becomes of a key, others learn from a log: rotate, retire and compromise write
it there, and "surety trust update" reads it.`,
	}
	c.AddCommand(p.keyGenerateCommand(), p.keyShowCommand(), p.keyRotateCommand(), p.keyRetireCommand(), p.keyCompromiseCommand())
	return c
}

func (p Program) keyGenerateCommand() *cobra.Command {
	var kind, output, from string
	c := &cobra.Command{
		Use:   "generate",
		Short: "Make a key, and print the line that others put into their policy",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			key, err := keys.Generate(kind)
			if err != nil {
				return err
			}
			if err := keys.Free(output); err != nil {
				return err
			}
			passphrase, err := p.passphrase(from, output, true)
			if err != nil {
				return err
			}
			if err := key.Save(output, passphrase); err != nil {
				return err
			}
			return p.printKey(output)
		},
	}
	c.Flags().StringVar(&kind, "type", keys.Types[0], "kind of key: "+strings.Join(keys.Types, " or "))
	c.Flags().StringVarP(&output, "output", "o", "surety.key", "the key `FILE` to write; it must not exist")
	c.Flags().StringVar(&from, "passphrase-file", "", "read the passphrase from this `FILE`")
	return c
}

func (p Program) keyShowCommand() *cobra.Command {
	var log, seen string
	c := &cobra.Command{
		Use:   "show FILE|agent:NAME",
		Short: "Print the public part of a key, as the line of a policy",
		Args:  cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if log == "" && seen == "" {
				return p.printKey(args[0])
			}
			return p.printVerifier(args[0], log, seen)
		},
	}
	c.Flags().StringVar(&log, "log", "", "print it as the key of the log of this `NAME` instead")
	c.Flags().StringVar(&seen, "witness", "", "print it as the key of the witness of this `NAME` instead")
	c.MarkFlagsMutuallyExclusive("log", "witness")
	return c
}

// printVerifier writes the line by which others believe a log or a witness that
// signs with the key.
func (p Program) printVerifier(name, log, seen string) error {
	public, err := p.publicKey(name)
	if err != nil {
		return err
	}
	vkey, err := witness.VerifierKey(log+seen, public)
	if err == nil && seen != "" {
		vkey, err = witness.CoSignerKey(vkey)
	}
	if err != nil {
		return &surety.Error{Kind: surety.BadInput, Op: "show key", Err: err}
	}
	word := "log"
	if seen != "" {
		word = "witness NAME"
	}
	printSafely(p.Stdout, "%s %s\n", word, vkey)
	return nil
}

// printKey writes the line by which others believe the key.
func (p Program) printKey(name string) error {
	public, err := p.publicKey(name)
	if err != nil {
		return err
	}
	text, err := bundle.FormatKey(public)
	if err != nil {
		return err
	}
	id, err := statement.KeyID(public)
	if err != nil {
		return err
	}
	printSafely(p.Stdout, "# key %s; put your own name for its owner\nissuer NAME %s\n", id, text)
	return nil
}

// publicKey returns the public part of a key file or of a key in an ssh-agent.
func (p Program) publicKey(name string) (crypto.PublicKey, error) {
	held, ok := keys.InAgent(name)
	if !ok {
		return keys.Public(name)
	}
	key, err := keys.FromAgent(p.Env(agentEnv), held)
	if err != nil {
		return nil, err
	}
	return key.Public(), nil
}

// openKey makes a key ready to sign: one of a file, or one in an ssh-agent.
func (p Program) openKey(name, passphraseFile string) (statement.Signer, error) {
	if held, ok := keys.InAgent(name); ok {
		return keys.FromAgent(p.Env(agentEnv), held)
	}
	if err := keys.Check(name); err != nil {
		return nil, err
	}
	passphrase, err := p.passphrase(passphraseFile, name, false)
	if err != nil {
		return nil, err
	}
	return keys.Load(name, passphrase)
}

// passphrase takes the passphrase from a file, the environment or the terminal,
// where a new one is asked for twice. It is never printed or logged.
func (p Program) passphrase(file, of string, new bool) (string, error) {
	if file != "" {
		raw, err := os.ReadFile(file)
		if err != nil {
			return "", &surety.Error{Kind: surety.Unreadable, Op: "read passphrase", Err: err}
		}
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o077 != 0 {
			p.say(fmt.Sprintf("warning: others can read the passphrase in %s; chmod 600 %s", file, file))
		}
		return strings.TrimRight(string(raw), "\r\n"), nil
	}
	if text := p.Env(passphraseEnv); text != "" {
		return text, nil
	}
	in, ok := p.Stdin.(*os.File)
	if !ok || !term.IsTerminal(int(in.Fd())) {
		return "", &surety.Error{Kind: surety.BadInput, Op: "read passphrase", Err: errors.New("there is no terminal to ask on"),
			Hint: "give --passphrase-file FILE, or set " + passphraseEnv}
	}
	first, err := p.ask(in, "passphrase of "+report.Printable(of)+": ")
	if err != nil || !new {
		return first, err
	}
	again, err := p.ask(in, "once more: ")
	if err == nil && first != again {
		err = &surety.Error{Kind: surety.BadInput, Op: "read passphrase", Err: errors.New("the two differ")}
	}
	return first, err
}

func (p Program) ask(in *os.File, prompt string) (string, error) {
	fmt.Fprint(p.Stderr, prompt)
	raw, err := term.ReadPassword(int(in.Fd()))
	io.WriteString(p.Stderr, "\n")
	if err != nil {
		return "", &surety.Error{Kind: surety.Unreadable, Op: "read passphrase", Err: err}
	}
	return string(raw), nil
}
