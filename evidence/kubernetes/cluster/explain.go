package cluster

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"syscall"

	"github.com/surety-cloud/surety"
)

// explain makes of a failed first contact an error that says what to do.
func (c *Cluster) explain(err error) error {
	e := &surety.Error{
		Kind: surety.Unreadable, Op: "read cluster", Origin: surety.Origin{File: Prefix + c.name},
		Err: fmt.Errorf("%s: %w", c.server.Host, withoutURL(err)),
	}
	var (
		certificate *tls.CertificateVerificationError
		authority   x509.UnknownAuthorityError
		dns         *net.DNSError
	)
	switch code := statusOf(err); {
	case code == http.StatusUnauthorized:
		e.Kind = surety.Denied
		e.Hint = "the server does not know these credentials or they have expired: log in again, then try `kubectl get namespaces`"
	case code == http.StatusForbidden:
		e.Kind = surety.Denied
		e.Hint = "this user may not ask which kinds exist: grant it the ClusterRole system:discovery"
	case errors.As(err, &authority):
		e.Hint = "the certificate's issuer is not trusted: put it in the context's certificate-authority, " +
			"after you have checked that this is your server"
	case errors.As(err, &certificate):
		e.Hint = "correct the context's server name or certificate-authority, or renew the server's certificate"
	case errors.Is(err, http.ErrSchemeMismatch):
		e.Hint = "the server does not speak TLS on this port: correct the context's server URL"
	case errors.As(err, &dns):
		e.Hint = "check the host name in the context's server URL, and that you are on the right network"
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Hint = "nothing listens there: is the cluster running, and the context's server URL right?"
	case errors.Is(err, context.DeadlineExceeded):
		e.Hint = "no answer in time: check the network, the VPN and any proxy, then try again"
	default:
		e.Hint = "see whether `kubectl get namespaces` works with this context"
	}
	return e
}

// nothing is the error for a cluster of which no kind could be read.
func (c *Cluster) nothing(denied bool, message string) error {
	e := &surety.Error{
		Kind: surety.Unreadable, Op: "read cluster", Origin: surety.Origin{File: Prefix + c.name},
		Err:  fmt.Errorf("no kind of object could be read; the first answer: %s", message),
		Hint: "see whether `kubectl get namespaces` works with this context",
	}
	if denied {
		e.Kind = surety.Denied
		e.Hint = "give this user the ClusterRole view, and list on the kinds it leaves out"
	}
	return e
}

// refusal describes a kind that was not read, or not to its end.
func refusal(r resource, err error) string {
	switch code := statusOf(err); {
	case code == http.StatusForbidden && r == info:
		return fmt.Sprintf("%v; needs the verb get on the path /version, which system:public-info-viewer gives", err)
	case code == http.StatusForbidden, code == http.StatusUnauthorized:
		return fmt.Sprintf("%v; needs the verb list on %s: `kubectl auth can-i list %s --all-namespaces`",
			err, r.permission(), r.permission())
	case code == http.StatusGone:
		return "the list expired twice while it was read; try again when the cluster is quieter: " + err.Error()
	case code == http.StatusTooManyRequests:
		return "the server asked us to slow down for longer than we wait; try again later: " + err.Error()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "no answer in time; try again"
	}
	if errors.Is(err, context.Canceled) {
		return "stopped before its end"
	}
	return err.Error()
}
