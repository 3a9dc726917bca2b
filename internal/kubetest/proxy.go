package kubetest

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"testing"
)

// Behind puts a proxy before the server until tb ends and returns a kubeconfig of
// the user that leads through it. Answer answers each request, with the server's
// own answer at hand.
func (s *Server) Behind(tb testing.TB, user string, answer func(w http.ResponseWriter, r *http.Request, server http.Handler)) string {
	tb.Helper()
	target, err := url.Parse(s.URL)
	if err != nil {
		tb.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.CA)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	proxy.ErrorLog = log.New(io.Discard, "", 0) // a broken answer is meant
	front := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { answer(w, r, proxy) }))
	tb.Cleanup(front.Close)
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: front.Certificate().Raw})
	return Kubeconfig(tb, user, front.URL, ca)
}
