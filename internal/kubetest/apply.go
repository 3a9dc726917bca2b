package kubetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
)

// Apply creates the objects of a multi-document YAML as Admin, in order;
// objects of a namespaced kind that name no namespace go to "default". It fails
// tb at the first that cannot be created.
func (s *Server) Apply(tb testing.TB, manifests []byte) {
	tb.Helper()
	conf := &rest.Config{
		Host: s.URL, BearerToken: Admin, QPS: 200, Burst: 400, WarningHandler: rest.NoWarnings{},
		TLSClientConfig: rest.TLSClientConfig{CAData: s.CA},
	}
	client, err := dynamic.NewForConfig(conf)
	if err != nil {
		tb.Fatal(err)
	}
	disco, err := discovery.NewDiscoveryClientForConfig(conf)
	if err != nil {
		tb.Fatal(err)
	}
	mapper := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(disco))
	for dec := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifests), 4096); ; {
		var o unstructured.Unstructured
		if err := dec.Decode(&o.Object); errors.Is(err, io.EOF) {
			return
		} else if err != nil {
			tb.Fatalf("read manifests: %v", err)
		}
		if len(o.Object) > 0 {
			create(tb, client, mapper, &o)
		}
	}
}

// create sends one object. The API server makes the namespace "default" a moment
// after it is ready, and serves a new custom kind a moment after it is defined,
// so what is not found is tried again.
func create(tb testing.TB, client dynamic.Interface, mapper meta.ResettableRESTMapper, o *unstructured.Unstructured) {
	tb.Helper()
	const patience = 20 * time.Second
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		err := tryCreate(tb.Context(), client, mapper, o)
		if err == nil {
			return
		}
		if !apierrors.IsNotFound(err) && !meta.IsNoMatchError(err) || time.Now().After(deadline) {
			tb.Fatalf("create %s %s: %v", o.GetKind(), o.GetName(), err)
		}
		mapper.Reset()
	}
}

func tryCreate(ctx context.Context, client dynamic.Interface, mapper meta.ResettableRESTMapper, o *unstructured.Unstructured) error {
	gvk := o.GroupVersionKind()
	mapping, err := mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return err
	}
	var target dynamic.ResourceInterface = client.Resource(mapping.Resource)
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace {
		if o.GetNamespace() == "" {
			o.SetNamespace("default")
		}
		target = client.Resource(mapping.Resource).Namespace(o.GetNamespace())
	}
	_, err = target.Create(ctx, o, metav1.CreateOptions{})
	return err
}
