package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/net/netutil"
	"k8s.io/klog/v2"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/internal/durable"
	"github.com/surety-cloud/surety/internal/keys"
	"github.com/surety-cloud/surety/internal/ledger"
	"github.com/surety-cloud/surety/internal/witness"
	"github.com/surety-cloud/surety/statement"
)

func (p Program) logCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "log",
		Short: "Run, inspect and follow a transparency log",
		Long: `Log keeps a list that only grows, so that nobody can be shown another history
than everybody else. It holds commitments to statements, never the statements.

    surety log init DIR --origin log.example/acme
    surety log serve DIR
    surety log rotate DIR                 replace its key
    surety log status DIR
    surety log fsck DIR                   name each file that is torn or flipped
    surety log audit DIR|URL --policy F   follow somebody's log

Two directories belong to a log: DIR, which everybody may read, and its state,
which must never be put back from a copy together with it: keep it on another
disk, or at least in another backup. The state holds the log's key, its policy
(edit it to add witnesses), the token that writers show, the outbox, and the last
head that was signed.`,
	}
	c.AddCommand(p.logInitCommand(), p.logServeCommand(), p.logRotateCommand(), p.logStatusCommand(), p.logFsckCommand(), p.logAuditCommand())
	return c
}

// stateFlag registers --state; the directory beside DIR is the default.
func stateFlag(c *cobra.Command, state *string) {
	c.Flags().StringVar(state, "state", "", "the log's state `DIR` (default: DIR-state, beside the log)")
}

func stateOf(dir, state string) string {
	if state != "" {
		return state
	}
	return strings.TrimRight(filepath.Clean(dir), string(filepath.Separator)) + "-state"
}

func logError(dir string, err error) error {
	if err == nil {
		return nil
	}
	return &surety.Error{Kind: surety.Unreadable, Origin: surety.Origin{File: dir}, Err: err}
}

// loadLog reads the configuration of a log that surety log init made.
func loadLog(dir, state string) (ledger.Config, error) {
	if isURL(dir) {
		return ledger.Config{}, &usageError{fmt.Errorf("%s is a URL; give the log's directory, where it is kept", dir)}
	}
	if _, err := os.Stat(state); err != nil {
		return ledger.Config{}, &surety.Error{Kind: surety.Unreadable, Op: "open log", Origin: surety.Origin{File: dir},
			Err: fmt.Errorf("it has no state: %w", err), Hint: "surety log init makes a log; if its state lies elsewhere, say where"}
	}
	config, err := ledger.Load(dir, state)
	return config, logError(dir, err)
}

func (p Program) logInitCommand() *cobra.Command {
	var state, origin, key string
	c := &cobra.Command{
		Use:   "init DIR --origin NAME",
		Short: "Make an empty log, and print the key that it is verified with",
		Long: `Init makes a log and its state. Its key is made too and lies in the state in clear,
so that the log starts without a person. With --key it is one that you made, which is
encrypted or stays in an ssh-agent, and is asked for when the log starts:

    surety key generate -o log.key
    surety log init acme --origin log.example/acme --key log.key`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if origin == "" {
				return &usageError{errors.New("say --origin NAME, a host and path that are yours, such as log.example/acme")}
			}
			state := stateOf(args[0], state)
			held, vkey, err := p.heldKey(origin, key)
			if err == nil {
				err = ledger.Create(durable.Disk{}, args[0], state, held, vkey)
			}
			if err != nil {
				return logError(args[0], err)
			}
			fmt.Fprintln(p.Stdout, vkey)
			p.say("the log's state is " + state + "; keep it out of any copy of " + args[0])
			p.say("readers' policies believe this log by the line: log " + vkey)
			p.say("next: surety log serve " + args[0])
			return nil
		},
	}
	stateFlag(c, &state)
	c.Flags().StringVar(&origin, "origin", "", "the log's `NAME` for good, a host and path that are yours, such as log.example/acme")
	c.Flags().StringVar(&key, "key", "", heldUsage)
	return c
}

const heldUsage = "sign with the Ed25519 key in this `FILE`, or agent:NAME, see surety key (default: a new one, kept in clear)"

// heldKey is the key that a log or witness of that name is to sign with, and what
// it is verified with: a new one, or one that is held elsewhere.
func (p Program) heldKey(name, where string) (witness.Held, string, error) {
	if where == "" {
		return ledger.NewKey(name)
	}
	public, err := p.publicKey(where)
	if err != nil {
		return witness.Held{}, "", err
	}
	vkey, err := witness.VerifierKey(name, public)
	if err != nil {
		return witness.Held{}, "", err
	}
	if _, ok := keys.InAgent(where); !ok {
		where, err = filepath.Abs(where)
	}
	return witness.Held{Name: name, Where: where}, vkey, err
}

// opener opens keys of logs and witnesses that are held elsewhere.
func (p Program) opener(passphraseFile string) witness.Opener {
	return func(where string) (statement.Signer, error) { return p.openKey(where, passphraseFile) }
}

// serving are the flags of commands that listen.
type serving struct {
	listen, cert, key string
}

func (s *serving) register(c *cobra.Command, listen string) {
	c.Flags().StringVar(&s.listen, "listen", listen, "the `ADDRESS` to listen on")
	c.Flags().StringVar(&s.cert, "tls-cert", "", "serve HTTPS with the certificates in this `FILE`")
	c.Flags().StringVar(&s.key, "tls-key", "", "their key, in this `FILE`")
}

const (
	headerTimeout = 5 * time.Second
	bodyTimeout   = 15 * time.Second
	answerTimeout = 45 * time.Second // an answer may wait for a state
	idleTimeout   = 2 * time.Minute
	graceTimeout  = 20 * time.Second
	maxHeader     = 16 << 10
)

// serve answers until ctx ends, then finishes what is open.
func (s *serving) serve(ctx context.Context, h http.Handler, logger *slog.Logger) error {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", s.listen)
	if err != nil {
		return &surety.Error{Kind: surety.BadInput, Op: "listen", Err: err, Hint: "give another --listen"}
	}
	listener = netutil.LimitListener(listener, connections())
	if s.cert != "" || s.key != "" {
		pair, err := tls.LoadX509KeyPair(s.cert, s.key)
		if err != nil {
			return errors.Join(&surety.Error{Kind: surety.Unreadable, Op: "read certificate", Err: err}, listener.Close())
		}
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS13})
	}
	server := &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout, WriteTimeout: answerTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	logger.Info("listening", "address", listener.Addr().String())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	logger.Info("stopping")
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), graceTimeout)
	defer cancel()
	return server.Shutdown(grace)
}

// maxConnections bounds those that are served at once. Others wait.
const maxConnections = 8192

// connections is how many may be open at once, of the files that the process may have:
// for each one there may be another that it reads. Tessera ends the process if it
// cannot open one.
func connections() int {
	var files syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files); err != nil || files.Cur > 4*maxConnections {
		return maxConnections
	}
	return max(16, min(maxConnections, int(files.Cur)/3))
}

func (p Program) logger() *slog.Logger {
	logger := slog.New(slog.NewTextHandler(p.Stderr, nil))
	klog.SetSlogLogger(logger) // Tessera's own messages
	return logger
}

func (p Program) logServeCommand() *cobra.Command {
	var state, from string
	var s serving
	var interval time.Duration
	c := &cobra.Command{
		Use:   "serve DIR",
		Short: "Accept leaves, publish heads, gather co-signatures, serve tiles",
		Long: `Serve owns a log's directory: one process for each log. Everybody may read; who
shows the token of the state's file adds leaves:

    curl -H "Authorization: Bearer $(cat DIR-state/token)" --data-binary @leaf \
      http://localhost:6962/add?wait=published

The answer says how far the leaf has come: accepted, sequenced, published,
witnessed. Give the same leaf again when an answer was lost: it is in the log once.
If a write fails, or the directory does not hold what was signed before, nothing
more is accepted; readers are served until the process ends. GET /health answers 503
with the reason then, and while heads cannot be written or signed.

If the log's key is encrypted, its passphrase is taken from --passphrase-file, or the
variable SURETY_PASSPHRASE, or asked for. Under systemd:

    LoadCredentialEncrypted=passphrase
    ExecStart=surety log serve /srv/acme --passphrase-file %d/passphrase`,
		Args: cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			p.pace.stay()
			dir, state := args[0], stateOf(args[0], state)
			config, err := loadLog(dir, state)
			if err != nil {
				return err
			}
			token, err := ledger.ReadToken(state)
			if err != nil {
				return logError(dir, err)
			}
			if err := config.Unlock(p.opener(from)); err != nil {
				return logError(dir, err)
			}
			config.Interval, config.Logger = interval, p.logger()
			l, err := ledger.Open(c.Context(), config)
			if err != nil {
				return logError(dir, err)
			}
			served := s.serve(c.Context(), l.Handler(token), config.Logger)
			stopped := l.Status().Stopped
			grace, cancel := context.WithTimeout(context.WithoutCancel(c.Context()), graceTimeout)
			defer cancel()
			return errors.Join(served, logError(dir, errors.Join(stopped, l.Close(grace))))
		},
	}
	stateFlag(c, &state)
	s.register(c, "localhost:6962")
	c.Flags().StringVar(&from, "passphrase-file", "", "read the passphrase of the log's key from this `FILE`")
	c.Flags().DurationVar(&interval, "interval", time.Second, "`TIME` between heads, at least 100ms")
	return c
}
