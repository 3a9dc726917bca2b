package native

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/json"

	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/policy"
)

// TestVerdictsDependOnReadsOnly changes every part of an object in turn and
// holds each check that does not read the part to the outcome it had. That the
// others say what they should is what compare holds them to.
func TestVerdictsDependOnReadsOnly(t *testing.T) {
	e := New()
	seen := map[string]bool{} // a mutation of each part must have been tried
	for _, manifest := range readManifests(t) {
		item := items(t, manifest)[0]
		before := e.Judge(nil, item, policy.DefaultBudget)
		eachPath(item.Body, nil, func(path []int, pointer string) {
			seen[filepath.Base(pointer)] = true
			for _, to := range []*evidence.Value{
				nil, evidence.NewString("mutant", 1), evidence.NewBool(true, 1), evidence.NewInt(0, 1), evidence.NewNull(1),
				evidence.NewArray(nil, 1), evidence.NewObject([]evidence.Field{{Key: "type", Value: evidence.NewString("Unconfined", 1)}}, 1),
			} {
				changed := *item
				changed.Body = replace(item.Body, path, to)
				if err := compare(e, &changed); err != nil {
					t.Errorf("with %s changed: %v", pointer, err)
				}
				for i, after := range e.Judge(nil, &changed, policy.DefaultBudget) {
					if !after.Check.Reads.Covers(pointer) && !reflect.DeepEqual(before[i], after) {
						t.Fatalf("%s changes with %s, which it does not read\nbefore: %s\nafter:  %s\nin\n%s",
							after.Check.ID, pointer, say(before[i]), say(after), manifest)
					}
				}
			}
		})
	}
	for _, part := range []string{"hostUsers", "os", "ephemeralContainers", "annotations", "windowsOptions", "lifecycle", "sysctls", "volumes"} {
		if !seen[part] {
			t.Errorf("no manifest has %s", part)
		}
	}
}

// readManifests returns objects with all that the rules read, in every kind's
// shape, and those that come with the rules.
func readManifests(t *testing.T) []string {
	spec := `{os: {name: linux}, hostUsers: true, hostNetwork: false, hostPID: true,
  securityContext: {runAsUser: 0, runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}, appArmorProfile: {type: Unconfined}, seLinuxOptions: {type: x, user: u, role: r}, sysctls: [{name: kernel.x, value: "1"}], windowsOptions: {hostProcess: false}},
  volumes: [{name: v, hostPath: {path: /}}, {name: w, emptyDir: {medium: Memory}}, {name: x, nfs: {server: s, path: p}}],
  initContainers: [CONTAINER], containers: [{name: plain, image: i}, CONTAINER], ephemeralContainers: [CONTAINER]}`
	container := `{name: c, image: i, command: [x], env: [{name: A, value: b}], resources: {limits: {cpu: 1}}, ports: [{containerPort: 80, hostPort: 80}],
  livenessProbe: {httpGet: {host: a, port: 80}, periodSeconds: 3}, readinessProbe: {tcpSocket: {host: a, port: 80}}, startupProbe: {exec: {command: [x]}},
  lifecycle: {postStart: {httpGet: {host: b, port: 1}}, preStop: {tcpSocket: {host: b, port: 1}}},
  securityContext: {privileged: true, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, procMount: Unmasked, runAsUser: 0, runAsNonRoot: false, capabilities: {add: [NET_ADMIN], drop: [ALL]}, seccompProfile: {type: Unconfined}, appArmorProfile: {type: Unconfined}, seLinuxOptions: {type: y, user: u, role: r}, windowsOptions: {hostProcess: true}}}`
	spec = strings.ReplaceAll(spec, "CONTAINER", container)
	meta := "metadata: {name: a, labels: {a: b}, annotations: {container.apparmor.security.beta.kubernetes.io/c: unconfined, other: x}}"
	template := "{" + meta + ", spec: " + spec + "}"
	out := []string{
		"apiVersion: v1\nkind: Pod\n" + meta + "\nspec: " + spec,
		"apiVersion: v1\nkind: PodTemplate\nmetadata: {name: a}\ntemplate: " + template,
		"apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: a}\nspec: {serviceName: s, template: " + template + "}",
		"apiVersion: v1\nkind: ReplicationController\nmetadata: {name: a}\nspec: {replicas: 1, template: " + template + "}",
		"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a}\nspec: {schedule: x, jobTemplate: {spec: {template: " + template + "}}}",
	}
	for _, flow := range out {
		out = append(out, strings.Replace(flow, "os: {name: linux}, hostUsers: true", "os: {name: windows}, hostUsers: false", 1))
	}
	return out
}

// eachPath calls f for every node below v: its place as indices of Fields, and
// as a JSON Pointer.
func eachPath(v *evidence.Value, at []int, f func(path []int, pointer string)) {
	var walk func(v *evidence.Value, at []int, pointer string)
	walk = func(v *evidence.Value, at []int, pointer string) {
		for i, field := range v.Fields() {
			segment := strconv.Itoa(i)
			if v.Is(evidence.Object) {
				segment = strings.NewReplacer("~", "~0", "/", "~1").Replace(field.Key)
			}
			next := append(slices.Clone(at), i)
			f(next, pointer+"/"+segment)
			walk(field.Value, next, pointer+"/"+segment)
		}
	}
	walk(v, at, "")
}

// replace returns v with the node at path replaced, or removed if to is nil.
func replace(v *evidence.Value, path []int, to *evidence.Value) *evidence.Value {
	fields := slices.Clone(v.Fields())
	switch i := path[0]; {
	case len(path) > 1:
		fields[i].Value = replace(fields[i].Value, path[1:], to)
	case to == nil:
		fields = slices.Delete(fields, i, i+1)
	default:
		fields[i].Value = to
	}
	if v.Is(evidence.Object) {
		return evidence.NewObject(fields, v.Line())
	}
	return evidence.NewArray(fields, v.Line())
}

// slow is what Kubernetes' parser of quantities takes minutes for.
var slow = regexp.MustCompile(`[eE][-+]?[0-9]{3}`)

// compare holds the reader to what Kubernetes' own decoder makes of an object:
// it fits if and only if that reads it, and then every rule says the same.
func compare(e *Engine, item *evidence.Item) error {
	k, ok := e.kinds[item.Key.Kind]
	if !ok {
		return nil
	}
	if slow.Match(item.Body.AppendJSON(nil)) {
		return nil
	}
	decoded := reflect.New(k.plan.typ)
	wrong := json.Unmarshal(item.Body.AppendJSON(nil), decoded.Interface())
	out := e.Judge(nil, item, policy.DefaultBudget)
	misfit := out[len(out)-2]
	if fits := misfit.Verdict.String() == "pass"; fits != (wrong == nil) {
		return fmt.Errorf("%s, but Kubernetes' decoder says %w", say(misfit), wrong)
	}
	if wrong != nil {
		return nil
	}
	meta, spec := k.template(decoded.Interface())
	applyDefaults(spec)
	for i, o := range out[:len(e.pods)] {
		want := "unknown"
		if len(spec.Containers) > 0 {
			want = map[bool]string{true: "pass", false: "fail"}[e.pods[i].allowed(meta, spec)]
		}
		if o.Verdict.String() != want {
			return fmt.Errorf("%s is %s, want %s", o.Check.ID, say(o), want)
		}
	}
	return nil
}

func TestAgreesWithKubernetesDecoder(t *testing.T) {
	e := New()
	for _, file := range upstreamFixtures(t, "*/v1.*/*/*.yaml") {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := compare(e, items(t, string(raw))[0]); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}

func TestAgreesOnCorpus(t *testing.T) {
	root := "../../../shared/corpus/kubernetes"
	if _, err := os.Stat(root); err != nil {
		t.Skip("the corpus ../shared/corpus is not on this machine")
	}
	e, judged := New(), 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		raw, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, item := range kubernetes.Normalise(evidence.Document{Raw: raw}).Items {
			if _, ok := e.kinds[item.Key.Kind]; ok {
				judged++
			}
			if err := compare(e, item); err != nil {
				t.Errorf("%s: %s: %v", path, item.Key, err)
			}
			for _, o := range e.Judge(nil, item, policy.DefaultBudget) {
				if strings.HasPrefix(o.Check.ID, "SUR-") && o.Verdict.String() != "pass" {
					t.Logf("%s: %s: %s: %s", path, item.Key, o.Check.ID, say(o))
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d objects with pods", judged)
}

func TestQuantities(t *testing.T) {
	for _, s := range []string{
		"", " ", "0", "1", "-1", "+1", "1.5", ".5", "1.", "1Gi", "1 Gi", "1GB", "1gi", "1ki", "1Ki", "1k", "1K", "1m", "1mi", "1e3", "1E3", "1e", "1E", "1Ei",
		"1e+3", "1e-3", "1e--3", "1e3.5", "1e99999999999999999999", "1k5", "m", "-", "+", ".", "-.", "1..2", "--1", " 1 ", "1\u00a0", "\t1", "1_000", "0x1", "١", "Infinity",
		strings.Repeat("9", 1000), "000.000100",
	} {
		var q resource.Quantity
		if want := q.UnmarshalJSON(evidence.NewString(s, 1).AppendJSON(nil)) == nil; isQuantity(s) != want {
			t.Errorf("%q is a quantity: %v", s, want)
		}
	}
	if !isQuantity("1e-2147483648") {
		t.Error("a small quantity is refused")
	}
}

// FuzzJudge feeds the reader whatever parses.
func FuzzJudge(f *testing.F) {
	for _, seed := range []string{
		podHead + "spec: {hostNetwork: true, containers: [{name: c, ports: [{hostPort: 1}]}], volumes: [{name: v}]}",
		podHead + "spec: {containers: {}}", podHead + "spec: {containers: [[{}]], hostUsers: 1.0}",
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a}\nspec: {replicas: 1e3, template: {spec: {containers: [{resources: {limits: {cpu: .5}}}]}}}",
		podHead + "spec: {overhead: {cpu: 1e-2147483648}, containers: [{name: c}]}",
		"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a, creationTimestamp: x}\nspec: {jobTemplate: {spec: {template: {spec: null}}}}",
	} {
		f.Add([]byte(seed))
	}
	e := New()
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, item := range kubernetes.Normalise(evidence.Document{Raw: raw}).Items {
			if err := compare(e, item); err != nil {
				t.Errorf("%s\n%v", item.Body.AppendJSON(nil), err)
			}
		}
	})
}

func BenchmarkJudge(b *testing.B) {
	e := New()
	for name, manifest := range map[string]string{
		"bare":       "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, labels: {app: a}}\nspec: {replicas: 2, selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {containers: [{name: c, image: i, ports: [{containerPort: 80}], env: [{name: A, value: b}, {name: B, value: c}], resources: {limits: {cpu: 500m, memory: 1Gi}}}]}}}",
		"restricted": "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: a, labels: {app: a}}\nspec: {replicas: 2, selector: {matchLabels: {app: a}}, template: {metadata: {labels: {app: a}}, spec: {securityContext: {runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}, containers: [{name: c, image: i, securityContext: {allowPrivilegeEscalation: false, capabilities: {drop: [ALL]}}, ports: [{containerPort: 80}], env: [{name: A, value: b}], resources: {limits: {cpu: 500m, memory: 1Gi}}}]}}}",
	} {
		b.Run(name, func(b *testing.B) {
			item := items(b, manifest)[0]
			b.ReportAllocs()
			for b.Loop() {
				e.Judge(nil, item, policy.DefaultBudget)
			}
		})
	}
	b.Run("new", func(b *testing.B) {
		for b.Loop() {
			New()
		}
	})
}
