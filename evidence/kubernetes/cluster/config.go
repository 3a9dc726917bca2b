package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
	"k8s.io/client-go/util/flowcontrol"

	"github.com/surety-cloud/surety"
)

// Prefix starts the name of a live cluster as users give it: "kubernetes:prod"
// is the context prod, "kubernetes:" the current context.
const Prefix = "kubernetes:"

// Config says which cluster to read. The zero value is the current context of
// the user's kubeconfig or, where there is none and the process runs in a Pod,
// the cluster around it.
type Config struct {
	Context    string // name of a context of the kubeconfig; "" is the current one
	Kubeconfig string // path; "" follows $KUBECONFIG, then ~/.kube/config
	UserAgent  string // how the API server's audit log names us; "" is "surety"
}

// Cluster is one cluster, ready to be read. It is safe for one Collect at a
// time.
type Cluster struct {
	name      string // of the context
	namespace string // the context's own namespace, "" if it names none
	server    *url.URL
	http      *http.Client
	limiter   flowcontrol.RateLimiter
	limits    limits
}

// limits bound what one Collect asks of the server and of this machine. Only
// tests change them.
type limits struct {
	pageSize  int           // objects asked for in one request
	pageBytes int64         // a longer response is refused
	workers   int           // kinds listed at a time
	request   time.Duration // one request, answer included
	retries   int           // of a request the server did not ask to repeat
	backoff   time.Duration // before the first retry; doubles up to 8 s
	kind      time.Duration // failed requests and waits of one kind together
	silence   time.Duration // requests without any answer, all kinds together
}

var defaultLimits = limits{
	pageSize:  500,
	pageBytes: 256 << 20,
	workers:   4,
	request:   30 * time.Second,
	retries:   4,
	backoff:   250 * time.Millisecond,
	kind:      30 * time.Second,
	silence:   60 * time.Second,
}

// Requests a second and in one burst, all kinds together: what kubectl allows
// itself.
const (
	queriesPerSecond = 50
	burst            = 100
)

// inCluster is the name of the cluster around the Pod we run in, which has no
// context.
const inCluster = "in-cluster"

// Open finds the cluster that cfg names. The error is a *surety.Error that says
// which contexts there are, or what in the kubeconfig cannot be used.
func Open(cfg Config) (*Cluster, error) {
	name, namespace, conf, err := load(cfg)
	if err != nil {
		return nil, err
	}
	conf.UserAgent = cfg.UserAgent
	if conf.UserAgent == "" {
		conf.UserAgent = "surety"
	}
	conf.WarningHandler = rest.NoWarnings{}
	return newCluster(name, namespace, conf)
}

func newCluster(name, namespace string, conf *rest.Config) (*Cluster, error) {
	unusable := func(err error) error {
		return &surety.Error{
			Kind: surety.BadInput, Op: "open cluster", Origin: surety.Origin{File: Prefix + name}, Err: err,
			Hint: "correct this context's server, certificates or credentials in the kubeconfig",
		}
	}
	client, err := rest.HTTPClientFor(conf)
	if err != nil {
		return nil, unusable(err)
	}
	direct := *client
	direct.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	server, _, err := rest.DefaultServerUrlFor(conf)
	if err != nil {
		return nil, unusable(err)
	}
	return &Cluster{
		name: name, namespace: namespace, server: server, http: &direct,
		limiter: flowcontrol.NewTokenBucketRateLimiter(queriesPerSecond, burst),
		limits:  defaultLimits,
	}, nil
}

// Name returns the context's name, which is also the Account of every document.
func (c *Cluster) Name() string { return c.name }

// load follows the usual rules of kubectl. Unlike kubectl it takes no context
// at random and does not fall back to localhost.
func load(cfg Config) (name, namespace string, conf *rest.Config, err error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = cfg.Kubeconfig
	rules.WarnIfAllMissing = false
	files := strings.Join(rules.GetLoadingPrecedence(), ", ")
	if cfg.Kubeconfig != "" {
		files = cfg.Kubeconfig
	}
	const correct = "correct the kubeconfig"
	refuse := func(kind surety.Kind, err error, hint string) (string, string, *rest.Config, error) {
		return "", "", nil, &surety.Error{
			Kind: kind, Op: "open cluster", Origin: surety.Origin{File: files}, Err: err, Hint: hint,
		}
	}

	raw, err := rules.Load()
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return refuse(surety.Unreadable, err, "give the path of a kubeconfig you can read")
	case err != nil:
		return refuse(surety.BadInput, err, correct)
	}
	if cfg.Context == "" && len(raw.Contexts) == 0 {
		if conf, err := rest.InClusterConfig(); err == nil {
			return inCluster, "", conf, nil
		}
		return refuse(surety.BadInput, errors.New("no kubeconfig found"),
			"set KUBECONFIG or pass --kubeconfig, or name a directory of manifests instead")
	}
	name = cfg.Context
	if name == "" {
		name = raw.CurrentContext
	}
	context, ok := raw.Contexts[name]
	if !ok {
		err := fmt.Errorf("there is no context %q", name)
		if name == "" {
			err = errors.New("no context is current")
		}
		return refuse(surety.BadInput, err, contextsHint(raw.Contexts))
	}
	// clientcmd would take a missing user for an anonymous one.
	if _, ok := raw.AuthInfos[context.AuthInfo]; !ok && context.AuthInfo != "" {
		return refuse(surety.BadInput, fmt.Errorf("context %q has user %q, which is not there", name, context.AuthInfo), correct)
	}
	if _, ok := raw.Clusters[context.Cluster]; !ok {
		return refuse(surety.BadInput, fmt.Errorf("context %q has cluster %q, which is not there", name, context.Cluster), correct)
	}
	conf, err = clientcmd.NewNonInteractiveClientConfig(*raw, name, &clientcmd.ConfigOverrides{}, rules).ClientConfig()
	if err != nil {
		return refuse(surety.BadInput, fmt.Errorf("context %q: %w", name, err), correct)
	}
	return name, context.Namespace, conf, nil
}

func contextsHint(contexts map[string]*api.Context) string {
	if len(contexts) == 0 {
		return "the kubeconfig has no contexts"
	}
	return "use one of " + strings.Join(slices.Sorted(maps.Keys(contexts)), ", ")
}
