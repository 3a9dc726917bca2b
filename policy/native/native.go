// Package native judges Kubernetes objects by rules written in Go: the Pod
// Security Standards as Kubernetes itself enforces them, and the form of the
// document.
//
//	PSS-BASELINE-*    the baseline profile, one check for each of its rules
//	PSS-RESTRICTED-*  what the restricted profile adds
//	SUR-DOC-01        a key given twice, of which tools read one or the other
//	SUR-DOC-02        a value the API server cannot read: it refuses the object
//	SUR-DOC-03        a field the API server does not know: it drops the field
//
// An object is read once, field by field, along its Go type (plan.go). What a
// check reads is copied into that type; everything else is only looked at. The
// rules of k8s.io/pod-security-admission then see the copy. So a check MUST NOT
// depend on more than its read-set: there is nothing else in the copy.
//
// Objects are judged as written. Of the API server's defaults only one is
// applied, because a rule would be wrong without it: a volume without a source
// is an emptyDir. A pod template without containers is a fragment of which
// nothing can be said, so its checks are Unknown.
//
// A value that does not fit makes those checks Unknown that read it. The others
// are still judged, so that one mistake does not hide another.
package native

import (
	"reflect"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
	"github.com/surety-cloud/surety/policy"
)

// Engine implements policy.Engine. It is safe for concurrent use.
type Engine struct {
	checks    []*policy.Check // by id
	pods      []podRule       // by id
	duplicate *policy.Check
	misfit    *policy.Check
	unknown   *policy.Check
	kinds     map[string]kind // by evidence.Key.Kind
	homes     []home
}

// kind is a kind of object that makes pods.
type kind struct {
	plan     *plan
	template func(object any) (*metav1.ObjectMeta, *corev1.PodSpec)
	objects  *sync.Pool // pointers to zero values of the plan's type
}

var _ policy.Engine = (*Engine)(nil)

// maxChecks is how many checks a set of readers can hold.
const maxChecks = 64

// New returns the engine with all its checks.
func New() *Engine {
	e := &Engine{pods: podRules(), kinds: map[string]kind{}}
	e.duplicate, e.misfit, e.unknown = documentChecks()
	for i := range e.pods {
		e.checks = append(e.checks, e.pods[i].check)
	}
	e.checks = append(e.checks, e.duplicate, e.misfit, e.unknown)
	for _, c := range e.checks {
		c.Provider, c.Engine = evidence.ProviderKubernetes, "native"
		c.Version = surety.DigestOf([]byte(version + " " + c.ID))
	}
	b := planner{built: map[planKey]*plan{}}
	for _, k := range podKinds {
		var wants []want
		for i := range e.pods {
			for _, path := range e.pods[i].reads {
				wants = append(wants, want{k.at + path, i})
			}
		}
		plan := b.build(reflect.TypeOf(k.object), wants)
		for _, group := range k.groups {
			objects := &sync.Pool{New: func() any { return reflect.New(plan.typ).Interface() }}
			e.kinds[k.name+group] = kind{plan, k.template, objects}
		}
	}
	e.homes = []home{
		{"the pod spec", b.build(reflect.TypeFor[corev1.PodSpec](), nil)},
		{"a container", b.build(reflect.TypeFor[corev1.Container](), nil)},
		{"a container's securityContext", b.build(reflect.TypeFor[corev1.SecurityContext](), nil)},
		{"the pod's securityContext", b.build(reflect.TypeFor[corev1.PodSecurityContext](), nil)},
	}
	return e
}

// Checks returns the checks by id.
func (e *Engine) Checks() []*policy.Check { return e.checks }

// Judge implements policy.Engine.
func (e *Engine) Judge(out []policy.Outcome, item *evidence.Item, budget policy.Budget) []policy.Outcome {
	if item.Key.Provider != evidence.ProviderKubernetes {
		return out
	}
	k, makesPods := e.kinds[item.Key.Kind]
	if !makesPods {
		return append(out, judgeDuplicates(e.duplicate, item))
	}
	if item.Body == nil {
		return e.allUnknown(out, "the object's text is not at hand")
	}
	object := k.objects.Get()
	defer func() {
		reflect.ValueOf(object).Elem().SetZero()
		k.objects.Put(object)
	}()
	r := &reader{homes: e.homes, steps: budget.Steps}
	r.read(k.plan, item.Body, reflect.ValueOf(object).Elem())
	if r.steps < 0 {
		return e.allUnknown(out, "the object is too large to be judged within the budget")
	}
	meta, spec := k.template(object)
	applyDefaults(spec)
	p := &pod{meta: meta, spec: spec, template: kubernetes.PodTemplate(item.Body)}
	for i := range e.pods {
		switch rule := &e.pods[i]; {
		case budget.Expired != nil && budget.Expired():
			out = append(out, unknown(rule.check, "stopped by the time limit"))
		case r.blocked&(1<<i) != 0:
			out = append(out, unknown(rule.check, r.reasons[i]))
		default:
			out = append(out, rule.judge(p))
		}
	}
	return append(out, judgeDuplicates(e.duplicate, item), r.judgeForm(e.misfit), r.judgeFields(e.unknown))
}

// allUnknown says of each check that it could not decide, but for why.
func (e *Engine) allUnknown(out []policy.Outcome, why string) []policy.Outcome {
	for _, c := range e.checks {
		out = append(out, unknown(c, why))
	}
	return out
}

func unknown(c *policy.Check, why string) policy.Outcome {
	return policy.Outcome{Check: c, Verdict: surety.Unknown, Reason: why}
}

// podKind is a kind of object that makes pods, and where its pod template is.
type podKind struct {
	name     string
	groups   []string // "" or ".group"; other groups have kinds of the same name
	at       string
	object   any
	template func(object any) (*metav1.ObjectMeta, *corev1.PodSpec)
}

var (
	core  = []string{""}
	apps  = []string{".apps", ".extensions"}
	batch = []string{".batch"}
)

// podKinds lists the kinds by name.
var podKinds = []podKind{
	{"CronJob", batch, "/spec/jobTemplate/spec/template", batchv1.CronJob{}, func(o any) (*metav1.ObjectMeta, *corev1.PodSpec) {
		return parts(&o.(*batchv1.CronJob).Spec.JobTemplate.Spec.Template)
	}},
	{"DaemonSet", apps, "/spec/template", appsv1.DaemonSet{}, func(o any) (*metav1.ObjectMeta, *corev1.PodSpec) {
		return parts(&o.(*appsv1.DaemonSet).Spec.Template)
	}},
	{"Deployment", apps, "/spec/template", appsv1.Deployment{}, func(o any) (*metav1.ObjectMeta, *corev1.PodSpec) {
		return parts(&o.(*appsv1.Deployment).Spec.Template)
	}},
	{"Job", batch, "/spec/template", batchv1.Job{}, func(o any) (*metav1.ObjectMeta, *corev1.PodSpec) {
		return parts(&o.(*batchv1.Job).Spec.Template)
	}},
	{"Pod", core, "", corev1.Pod{}, func(o any) (*metav1.ObjectMeta, *corev1.PodSpec) {
		return &o.(*corev1.Pod).ObjectMeta, &o.(*corev1.Pod).Spec
	}},
	{"PodTemplate", core, "/template", corev1.PodTemplate{}, func(o any) (*metav1.ObjectMeta, *corev1.PodSpec) {
		return parts(&o.(*corev1.PodTemplate).Template)
	}},
	{"ReplicaSet", apps, "/spec/template", appsv1.ReplicaSet{}, func(o any) (*metav1.ObjectMeta, *corev1.PodSpec) {
		return parts(&o.(*appsv1.ReplicaSet).Spec.Template)
	}},
	{"ReplicationController", core, "/spec/template", corev1.ReplicationController{}, func(o any) (*metav1.ObjectMeta, *corev1.PodSpec) {
		// Its template is a pointer, nil in a fragment.
		if template := o.(*corev1.ReplicationController).Spec.Template; template != nil {
			return parts(template)
		}
		return &metav1.ObjectMeta{}, &corev1.PodSpec{}
	}},
	{"StatefulSet", apps, "/spec/template", appsv1.StatefulSet{}, func(o any) (*metav1.ObjectMeta, *corev1.PodSpec) {
		return parts(&o.(*appsv1.StatefulSet).Spec.Template)
	}},
}

func parts(t *corev1.PodTemplateSpec) (*metav1.ObjectMeta, *corev1.PodSpec) {
	return &t.ObjectMeta, &t.Spec
}

// kindNames returns the kinds that make pods, by name.
func kindNames() []string {
	var names []string
	for _, k := range podKinds {
		names = append(names, k.name)
	}
	return names
}

// readSet returns the read-set of a check of pods: its paths in a pod template,
// below every place a pod template can stand.
func readSet(paths []string) policy.ReadSet {
	all := []string{"/kind"}
	for _, k := range podKinds {
		for _, p := range paths {
			all = append(all, k.at+p)
		}
	}
	return policy.NewReadSet(all...)
}
