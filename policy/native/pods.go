package native

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/pod-security-admission/api"
	podsecurity "k8s.io/pod-security-admission/policy"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/policy"
)

// version is part of the version of every check: the module whose rules these
// are, and this package's own code.
const version = "native k8s.io/pod-security-admission@v0.37.2 " + codeVersion

// podRule is one rule of the Pod Security Standards, in its newest version.
type podRule struct {
	check *policy.Check
	run   podsecurity.CheckPodFn
	reads []string // paths in a pod template; "*" for any element

	inPod  []string            // of these, the ones outside of containers and volumes
	inList map[string][]string // and the ones in an element of each list, but for names
}

// pod is what the rules judge: the copy of what they read, and the template it
// was copied from, for lines.
type pod struct {
	meta     *metav1.ObjectMeta
	spec     *corev1.PodSpec
	template *evidence.Value
	// bare is the spec without containers and volumes, made when first needed.
	bare *corev1.PodSpec
}

// withoutLists is the pod's spec without containers and volumes.
func (p *pod) withoutLists() *corev1.PodSpec {
	if p.bare == nil {
		bare := *p.spec
		p.bare = &bare
	}
	p.bare.Containers, p.bare.InitContainers, p.bare.EphemeralContainers, p.bare.Volumes = nil, nil, nil, nil
	return p.bare
}

// podRules returns the rules, by the id of their checks.
func podRules() []podRule {
	var rules []podRule
	for _, c := range podsecurity.DefaultChecks() {
		about, known := podChecks[c.ID]
		if !known {
			continue // a test holds podChecks to be complete
		}
		name, _, _ := strings.Cut(string(c.ID), "_")
		reads := about.paths()
		rules = append(rules, podRule{
			check: &policy.Check{
				ID:          "PSS-" + strings.ToUpper(string(c.Level)) + "-" + name,
				Aliases:     []string{"pss-" + string(c.ID)},
				Title:       about.title,
				Description: profiles[c.Level],
				Remediation: about.remediation,
				Severity:    about.severity,
				Kinds:       kindNames(),
				References:  []string{"https://kubernetes.io/docs/concepts/security/pod-security-standards/"},
				Reads:       readSet(reads),
			},
			run:   c.Versions[len(c.Versions)-1].CheckPod,
			reads: reads, inPod: inPod(reads), inList: inLists(reads),
		})
	}
	slices.SortFunc(rules, func(a, b podRule) int { return strings.Compare(a.check.ID, b.check.ID) })
	return rules
}

var profiles = map[api.Level]string{
	api.LevelBaseline:   "Rule of the baseline profile of the Pod Security Standards, which keeps pods from known ways to take over a node.",
	api.LevelRestricted: "Rule of the restricted profile of the Pod Security Standards, which also asks of pods what hardening guides recommend.",
}

// podCheck is what the catalogue of rules does not say about a rule.
type podCheck struct {
	title       string
	severity    surety.Severity
	remediation string
	reads       []string // in the pod template
	container   []string // in each container of every kind
}

// containerLists are the three kinds of containers of a pod spec.
var containerLists = []string{"containers", "ephemeralContainers", "initContainers"}

// podLists are the lists of a pod spec whose elements are blamed one by one.
var podLists = append([]string{"volumes"}, containerLists...)

// paths returns all that a rule reads in a pod template. Every rule reads
// whether there are containers at all; those that name containers read names.
func (c podCheck) paths() []string {
	paths := append(slices.Clone(c.reads), "/spec/containers/*")
	for _, list := range containerLists {
		for _, p := range c.container {
			paths = append(paths, "/spec/"+list+"/*"+p)
		}
		if len(c.container) > 0 {
			paths = append(paths, "/spec/"+list+"/*/name")
		}
	}
	return paths
}

// applyDefaults makes of spec what the API server makes of it, as far as a rule
// would be wrong without (Kubernetes API, Volume).
func applyDefaults(spec *corev1.PodSpec) {
	for i := range spec.Volumes {
		if v := &spec.Volumes[i]; v.VolumeSource == (corev1.VolumeSource{}) {
			v.EmptyDir = &corev1.EmptyDirVolumeSource{}
		}
	}
}

// judge runs the rule, and if it finds something, finds out where.
func (rule *podRule) judge(p *pod) policy.Outcome {
	if len(p.spec.Containers) == 0 {
		return unknown(rule.check, "the object has no containers; if it is a patch, assess what it is applied to")
	}
	if rule.allowed(p.meta, p.spec) {
		return policy.Outcome{Check: rule.check, Verdict: surety.Pass}
	}
	return policy.Outcome{Check: rule.check, Verdict: surety.Fail, Findings: rule.findings(p)}
}

func (rule *podRule) allowed(meta *metav1.ObjectMeta, spec *corev1.PodSpec) bool {
	return rule.run(meta, spec).Allowed
}

// message says what the rule has against spec, "" if nothing.
func (rule *podRule) message(meta *metav1.ObjectMeta, spec *corev1.PodSpec) string {
	switch r := rule.run(meta, spec); {
	case r.Allowed:
		return ""
	case r.ForbiddenDetail == "":
		return clip(r.ForbiddenReason)
	default:
		return clip(r.ForbiddenReason + ": " + r.ForbiddenDetail)
	}
}

// findings gives one finding for each container or volume to blame, found by
// asking the rule about each alone, or one for the pod if that is to blame.
func (rule *podRule) findings(p *pod) []policy.Finding {
	var n notes
	bare, spec := p.withoutLists(), p.template.Get("spec")
	if !rule.allowed(p.meta, bare) {
		n.add(rule.message(p.meta, p.spec), lineOf(p.template, rule.inPod))
		return n.list
	}
	blame := func(list string, i int) {
		if what := rule.message(p.meta, bare); what != "" {
			n.add(what, lineOf(spec.Get(list).At(i), rule.inList[list]))
		}
	}
	for i := range p.spec.InitContainers {
		bare.InitContainers = p.spec.InitContainers[i : i+1]
		blame("initContainers", i)
	}
	bare.InitContainers = nil
	for i := range p.spec.Containers {
		bare.Containers = p.spec.Containers[i : i+1]
		blame("containers", i)
	}
	bare.Containers = nil
	for i := range p.spec.EphemeralContainers {
		bare.EphemeralContainers = p.spec.EphemeralContainers[i : i+1]
		blame("ephemeralContainers", i)
	}
	bare.EphemeralContainers = nil
	for i := range p.spec.Volumes {
		bare.Volumes = p.spec.Volumes[i : i+1]
		blame("volumes", i)
	}
	if n.count == 0 { // the rule looks at several of them together
		n.add(rule.message(p.meta, p.spec), spec.Line())
	}
	return n.outcome(rule.check, "of the same").Findings
}

// inLists returns what reads are below an element of each list, but for names.
func inLists(reads []string) map[string][]string {
	out := map[string][]string{}
	for _, list := range podLists {
		for _, p := range reads {
			if rest, ok := strings.CutPrefix(p, "/spec/"+list+"/*"); ok && rest != "" && rest != "/name" {
				out[list] = append(out[list], rest)
			}
		}
	}
	return out
}

// inPod returns what reads are outside of containers and volumes.
func inPod(reads []string) []string {
	return slices.DeleteFunc(slices.Clone(reads), func(path string) bool {
		return slices.ContainsFunc(podLists, func(list string) bool {
			return strings.HasPrefix(path, "/spec/"+list+"/")
		})
	})
}

// lineOf returns the line of what lies deepest along any of paths in v.
func lineOf(v *evidence.Value, paths []string) int {
	line, deepest := v.Line(), 0
	for _, p := range paths {
		if at, depth := follow(v, p, 0); depth > deepest {
			line, deepest = at.Line(), depth
		}
	}
	return line
}

// follow goes along path as far as values go, and says how far that is. Of
// several elements it takes the first that goes furthest.
func follow(v *evidence.Value, path string, depth int) (*evidence.Value, int) {
	segment, rest, more := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if path == "" || segment == "" {
		return v, depth
	}
	if more {
		rest = "/" + rest
	}
	if segment != "*" {
		if next := v.Get(segment); next != nil {
			return follow(next, rest, depth+1)
		}
		return v, depth
	}
	best, furthest := v, depth
	for _, f := range v.Fields() {
		if at, d := follow(f.Value, rest, depth+1); d > furthest {
			best, furthest = at, d
		}
	}
	return best, furthest
}

// maxMessage is how many bytes of a message are kept: names can be of any length.
const maxMessage = 500

func clip(s string) string {
	if len(s) <= maxMessage {
		return s
	}
	return strings.ToValidUTF8(s[:maxMessage], "") + fmt.Sprintf("… (%d bytes)", len(s))
}
