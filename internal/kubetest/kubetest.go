// Package kubetest runs a real Kubernetes API server for tests.
//
// Start brings up etcd and kube-apiserver on loopback, with RBAC, and returns
// kubeconfigs of users with all rights, with half of them and with none. It
// takes some four seconds and 300 MB, so a package starts one and shares it.
// There is no controller manager and no kubelet: nothing creates Pods of
// Deployments, and Pods stay pending.
//
// The binaries are built by "make testenv". Where they are missing, Start skips
// the test. Everything ends with the test, even if the test's process is killed.
package kubetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Server is a running API server.
type Server struct {
	URL string // https://127.0.0.1:PORT
	CA  []byte // PEM of the certificate that signs for URL

	dir string
}

// Names of the users, which are also the names of their contexts. Each has a
// token equal to its name.
const (
	Admin  = "admin"  // may do everything
	Reader = "reader" // may list some kinds, see readerRules
	Nobody = "nobody" // may only ask which kinds there are
)

// readerRules are what Reader may do: list about half of the kinds that hold
// objects, and no Secrets, no roles.
const readerRules = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: reader}
rules:
- {apiGroups: [""], resources: [namespaces, nodes, pods, services, serviceaccounts, configmaps], verbs: [get, list]}
- {apiGroups: [apps], resources: [deployments, daemonsets], verbs: [get, list]}
- {apiGroups: [networking.k8s.io], resources: [networkpolicies, ingresses], verbs: [get, list]}
- {apiGroups: [batch], resources: ["*"], verbs: [get, list]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: reader}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: reader}
subjects: [{apiGroup: rbac.authorization.k8s.io, kind: User, name: reader}]
`

// startTime bounds how long Start waits for the server to be ready, on a busy
// machine.
const startTime = 2 * time.Minute

// Start runs a server until tb ends. It skips tb if the binaries are not built.
func Start(tb testing.TB) *Server {
	tb.Helper()
	bin := binaries(tb)
	s := &Server{dir: tb.TempDir()}
	s.URL = "https://" + freeAddress(tb)
	log := s.run(tb, bin)
	s.awaitReady(tb, log)
	s.Apply(tb, []byte(readerRules))
	return s
}

// binaries returns the folder that testenv/build.sh links to.
func binaries(tb testing.TB) string {
	tb.Helper()
	_, here, _, ok := runtime.Caller(0)
	if !ok {
		tb.Skip("the place of the sources is not known, so neither is testenv/bin")
	}
	bin := filepath.Join(filepath.Dir(here), "..", "..", "testenv", "bin")
	for _, name := range []string{"controlplane", "kube-apiserver"} {
		if _, err := os.Stat(filepath.Join(bin, name)); err != nil {
			tb.Skipf("no real API server: %v; build it with `make testenv`", err)
		}
	}
	return bin
}

// run starts the processes and returns what they write.
func (s *Server) run(tb testing.TB, bin string) string {
	tb.Helper()
	s.writeKeys(tb)
	etcd := "http://" + freeAddress(tb)
	host, port, err := net.SplitHostPort(strings.TrimPrefix(s.URL, "https://"))
	if err != nil {
		tb.Fatal(err)
	}
	logFile, err := os.Create(s.path("log"))
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(filepath.Join(bin, "controlplane"),
		"-data-dir", s.path("etcd"), "-client-url", etcd, "-peer-url", "http://"+freeAddress(tb), "--",
		filepath.Join(bin, "kube-apiserver"),
		"--etcd-servers="+etcd, "--bind-address="+host, "--secure-port="+port, "--cert-dir="+s.path("certs"),
		"--service-account-key-file="+s.path("sa.pub"), "--service-account-signing-key-file="+s.path("sa.key"),
		"--service-account-issuer=https://kubernetes.default.svc", "--token-auth-file="+s.path("tokens.csv"),
		"--authorization-mode=RBAC", "--service-cluster-ip-range=10.0.0.0/24",
		"--disable-admission-plugins=ServiceAccount", "--allow-privileged=true",
		"--enable-priority-and-fairness=false", "--endpoint-reconciler-type=none", "--v=0")
	cmd.Stdout, cmd.Stderr = logFile, logFile
	alive, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatalf("start the control plane: %v", err)
	}
	tb.Cleanup(func() {
		_ = alive.Close() // ends the processes; their exit status says nothing
		_ = cmd.Wait()
		_ = logFile.Close()
	})
	return logFile.Name()
}

// writeKeys makes the files that the server is given: the signing key of
// service accounts, and one token a user.
func (s *Server) writeKeys(tb testing.TB) {
	tb.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		tb.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	if err != nil {
		tb.Fatal(err)
	}
	tokens := Admin + "," + Admin + ",1,system:masters\n" + Reader + "," + Reader + ",2\n" + Nobody + "," + Nobody + ",3\n"
	for name, content := range map[string][]byte{
		"sa.key":     pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
		"sa.pub":     pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}),
		"tokens.csv": []byte(tokens),
	} {
		if err := os.WriteFile(s.path(name), content, 0o600); err != nil {
			tb.Fatal(err)
		}
	}
}

// awaitReady polls /readyz and reads the certificate the server made.
func (s *Server) awaitReady(tb testing.TB, log string) {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), startTime)
	defer cancel()
	for ctx.Err() == nil {
		var err error
		if s.CA, err = os.ReadFile(s.path("certs/apiserver.crt")); err == nil && s.ready(ctx) {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	said, _ := os.ReadFile(log) // only to explain the failure
	tb.Fatalf("the API server is not ready after %v; it said:\n%s", startTime, said[max(0, len(said)-4000):])
}

func (s *Server) ready(ctx context.Context) bool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(s.CA)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/readyz", nil)
	if err != nil {
		return false
	}
	req.Header.Set("Authorization", "Bearer "+Admin)
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return err == nil && resp.StatusCode == http.StatusOK && bytes.Equal(body, []byte("ok"))
}

// Kubeconfig writes a kubeconfig with one context, named after the user, and
// returns its path. A user that is none of Admin, Reader and Nobody has a token
// the server does not know.
func (s *Server) Kubeconfig(tb testing.TB, user string) string {
	tb.Helper()
	return Kubeconfig(tb, user, s.URL, s.CA)
}

// Kubeconfig is Server.Kubeconfig for any server, such as a proxy in front of
// one. Without a CA the system's roots decide.
func Kubeconfig(tb testing.TB, user, url string, ca []byte) string {
	tb.Helper()
	conf := api.Config{
		CurrentContext: user,
		Clusters:       map[string]*api.Cluster{"test": {Server: url, CertificateAuthorityData: ca}},
		AuthInfos:      map[string]*api.AuthInfo{user: {Token: user}},
		Contexts:       map[string]*api.Context{user: {Cluster: "test", AuthInfo: user}},
	}
	path := filepath.Join(tb.TempDir(), "kubeconfig")
	if err := clientcmd.WriteToFile(conf, path); err != nil {
		tb.Fatal(err)
	}
	return path
}

func (s *Server) path(name string) string { return filepath.Join(s.dir, filepath.FromSlash(name)) }

// freeAddress returns a loopback address that nothing listens on. Another
// process may take it before it is used; the start then fails loudly.
func freeAddress(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatalf("find a free port: %v", err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		tb.Fatal(fmt.Errorf("free port %s: %w", address, err))
	}
	return address
}
