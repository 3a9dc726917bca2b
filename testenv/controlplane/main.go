// Command controlplane runs a Kubernetes control plane for tests: an embedded
// etcd on loopback, without fsync, and the API server as its child. Usage:
//
//	controlplane -data-dir DIR -client-url URL -peer-url URL -- KUBE-APISERVER ARG...
//
// It runs until its standard input ends, so that nothing outlives the test that
// holds the other end. The API server is killed before etcd goes away: asked to
// stop, it would wait for etcd.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"

	"go.etcd.io/etcd/server/v3/embed"
)

func main() {
	dir := flag.String("data-dir", "", "directory of the store, created if absent")
	client := flag.String("client-url", "", "loopback URL where etcd serves the API server")
	peer := flag.String("peer-url", "", "loopback URL for the etcd member itself")
	flag.Parse()
	if err := run(*dir, *client, *peer, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "controlplane:", err)
		os.Exit(1)
	}
}

func run(dir, client, peer string, command []string) error {
	if len(command) == 0 {
		return errors.New("no command; give the API server and its arguments after --")
	}
	server, err := startEtcd(dir, client, peer)
	if err != nil {
		return fmt.Errorf("start etcd: %w", err)
	}
	defer server.Close()

	child := exec.Command(command[0], command[1:]...)
	child.Stdout, child.Stderr = os.Stderr, os.Stderr
	if err := child.Start(); err != nil {
		return fmt.Errorf("start API server: %w", err)
	}
	ended := make(chan error, 3)
	go func() { ended <- child.Wait() }()
	go func() { ended <- <-server.Err() }()
	go func() {
		_, err := io.Copy(io.Discard, os.Stdin)
		ended <- err
	}()
	err = <-ended
	return errors.Join(err, stop(child.Process))
}

// stop kills a process that may have ended.
func stop(p *os.Process) error {
	if err := p.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("kill API server: %w", err)
	}
	return nil
}

func startEtcd(dir, client, peer string) (*embed.Etcd, error) {
	clientURL, err := url.Parse(client)
	if err != nil {
		return nil, err
	}
	peerURL, err := url.Parse(peer)
	if err != nil {
		return nil, err
	}
	cfg := embed.NewConfig()
	cfg.Dir = dir
	cfg.LogLevel = "error"
	cfg.UnsafeNoFsync = true
	cfg.ListenClientUrls, cfg.AdvertiseClientUrls = []url.URL{*clientURL}, []url.URL{*clientURL}
	cfg.ListenPeerUrls, cfg.AdvertisePeerUrls = []url.URL{*peerURL}, []url.URL{*peerURL}
	cfg.InitialCluster = cfg.InitialClusterFromName(cfg.Name)
	return embed.StartEtcd(cfg)
}
