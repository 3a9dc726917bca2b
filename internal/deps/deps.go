package deps

import (
	_ "cel.dev/cel-go/cel"
	_ "github.com/aquasecurity/trivy-checks"
	_ "github.com/aquasecurity/trivy-checks/pkg/rego"
	_ "github.com/moby/buildkit/frontend/dockerfile/instructions"
	_ "github.com/moby/buildkit/frontend/dockerfile/parser"
	_ "github.com/open-policy-agent/opa/v1/compile"
	_ "github.com/open-policy-agent/opa/v1/rego"
	_ "github.com/rogpeppe/go-internal/testscript"
	_ "github.com/santhosh-tekuri/jsonschema/v6"
	_ "github.com/spf13/cobra"
	_ "go.yaml.in/yaml/v3"
	_ "golang.org/x/sync/errgroup"
	_ "golang.org/x/term"
	_ "k8s.io/api/core/v1"
	_ "k8s.io/client-go/discovery"
	_ "k8s.io/client-go/dynamic"
	_ "k8s.io/client-go/metadata"
	_ "k8s.io/client-go/tools/clientcmd"
	_ "k8s.io/pod-security-admission/policy"
)
