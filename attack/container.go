package attack

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/kubernetes"
)

// containers adds what code in a pod can take from its container and its node.
func (b *builder) containers() {
	for _, w := range b.c.workloads {
		b.token(w)
		b.secrets(w)
		b.escapes(w)
		b.fromNode(w)
	}
}

func (w *workload) origin(line int) surety.Origin {
	at := w.item.Origin
	if line > 0 {
		at.Line = line
	}
	return at
}

// account returns the node of a service account.
func (b *builder) account(at spaceKey, name string) int32 {
	origin := surety.Origin{}
	element := ""
	if item := b.c.objects[objectKey{at, "ServiceAccount", name}]; item != nil {
		origin, element = item.Origin, b.elements.Element(item.Key)
	}
	return b.node(Account, "service account "+b.c.name(at, name), element, origin)
}

// mounts reports whether the pods hold a token of their service account: the pod says,
// else the account, else they do.
func (b *builder) mounts(w *workload) bool {
	if v := w.spec.Get("automountServiceAccountToken"); !v.Absent() {
		return v.True()
	}
	item := b.c.objects[objectKey{w.space.key, "ServiceAccount", kubernetes.ServiceAccountOf(w.spec)}]
	if item == nil {
		return true
	}
	v := item.Facts.Get("automountServiceAccountToken")
	return v.Absent() || v.True()
}

func (b *builder) token(w *workload) {
	if !b.mounts(w) {
		return
	}
	name := kubernetes.ServiceAccountOf(w.spec)
	line := max(w.spec.Get("serviceAccountName").Line(), w.spec.Get("automountServiceAccountToken").Line())
	b.plain("TOKEN_STEAL", w.code, b.account(w.space.key, name),
		fmt.Sprintf("%s %s mounts a token of service account %s", w.item.Kind, w.item.Name, name), w.origin(line))
}

// secret returns the node of a secret.
func (b *builder) secret(at spaceKey, name string) int32 {
	origin, element := surety.Origin{}, ""
	b.c.space(at).secrets[name] = true
	if item := b.c.objects[objectKey{at, "Secret", name}]; item != nil {
		origin, element = item.Origin, b.elements.Element(item.Key)
	}
	return b.node(Secret, b.c.name(at, name), element, origin)
}

// secrets adds the secrets that are handed to a pod. One that a store is handed is taken
// for a credential that opens it: nothing in the evidence says what a secret is for.
func (b *builder) secrets(w *workload) {
	done := map[string]bool{}
	hand := func(name string, line int) {
		if name == "" || done[name] {
			return
		}
		done[name] = true
		s, at := b.secret(w.space.key, name), w.origin(line)
		b.plain("SECRET_STEAL", w.code, s, fmt.Sprintf("%s %s is handed secret %s", w.item.Kind, w.item.Name, name), at)
		c := b.Model.Components[w.element]
		if c == nil {
			return
		}
		for _, d := range c.Stores {
			fact := Fact{fmt.Sprintf("secret %s is handed to %s, which stores %s", name, c.Name, d), at}
			b.step("CREDENTIAL_USE", b.data(d), Base, nil, []Fact{fact}, s, w.reached)
		}
	}
	for _, v := range w.spec.Get("volumes").Fields() {
		hand(v.Value.Path("secret", "secretName").Str(), v.Value.Get("secret").Line())
		for _, p := range v.Value.Path("projected", "sources").Fields() {
			hand(p.Value.Path("secret", "name").Str(), p.Value.Get("secret").Line())
		}
	}
	for c := range w.containers {
		for _, e := range c.Get("env").Fields() {
			ref := e.Value.Path("valueFrom", "secretKeyRef")
			hand(ref.Get("name").Str(), ref.Line())
		}
		for _, e := range c.Get("envFrom").Fields() {
			ref := e.Value.Get("secretRef")
			hand(ref.Get("name").Str(), ref.Line())
		}
	}
}

// hosts returns the nodes that the pods of a workload run on. Manifests do not say: these
// pods run on some node of the cluster.
func (b *builder) hosts(w *workload) []int32 {
	account := w.item.Key.Account
	if len(w.nodes) == 0 {
		return []int32{b.someHost(account)}
	}
	out := make([]int32, len(w.nodes))
	for i, name := range w.nodes {
		out[i] = b.host(account, name)
	}
	return out
}

func (b *builder) host(account, name string) int32 {
	return b.node(Host, "node "+b.c.name(spaceKey{account, ""}, name), b.cluster(), surety.Origin{})
}

// someHost is a node of which is not known which one.
func (b *builder) someHost(account string) int32 {
	return b.node(Host, "a node of "+b.c.all(account), b.cluster(), surety.Origin{})
}

// cluster is the service of the model that runs the cluster, "" if there is none or more.
func (b *builder) cluster() string { return b.elements.Cluster() }

// fromNode adds that who holds a node holds the pods on it.
func (b *builder) fromNode(w *workload) {
	state, text := Base, "which node its pods run on is not known"
	if len(w.nodes) > 0 {
		state, text = Open, "its pods run there"
	}
	for _, h := range b.hosts(w) {
		b.step("CONTAINER_ATTACH", w.code, state, nil, []Fact{{w.item.Kind + " " + w.item.Name + ": " + text, w.item.Origin}}, h)
	}
}

// escapes adds the ways from a container to its node. The strongest of each kind that the
// pod allows is enough.
func (b *builder) escapes(w *workload) {
	out := func(id, text string, line int) {
		for _, h := range b.hosts(w) {
			b.plain(id, w.code, h, fmt.Sprintf("%s %s: %s", w.item.Kind, w.item.Name, text), w.origin(line))
		}
	}
	hostPID := w.spec.Get("hostPID")
	for c := range w.containers {
		name := c.Get("name").Str()
		if p := c.Path("securityContext", "privileged"); p.True() {
			if hostPID.True() {
				out("CE_NSENTER", "container "+name+" is privileged, and hostPID is true", p.Line())
			}
			out("CE_PRIV_MOUNT", "container "+name+" is privileged", p.Line())
			out("CE_MODULE_LOAD", "container "+name+" is privileged", p.Line())
		}
		for _, f := range c.Path("securityContext", "capabilities", "add").Fields() {
			capability := strings.TrimPrefix(strings.ToUpper(f.Value.Str()), "CAP_")
			every := capability == "ALL"
			text := "container " + name + " adds the capability " + capability
			if every || capability == "SYS_MODULE" {
				out("CE_MODULE_LOAD", text, f.Value.Line())
			}
			if every || capability == "SYS_ADMIN" {
				out("CE_SYS_ADMIN", text, f.Value.Line())
			}
			if (every || capability == "SYS_PTRACE") && hostPID.True() {
				out("CE_SYS_PTRACE", text+", and hostPID is true", f.Value.Line())
			}
		}
	}
	for _, v := range w.spec.Get("volumes").Fields() {
		if at := v.Value.Path("hostPath", "path"); at.Str() != "" {
			b.hostPath(w, v.Value.Get("name").Str(), at, out)
		}
	}
}

// hostPath adds what a path of the node gives that is mounted into a pod.
func (b *builder) hostPath(w *workload, volume string, at evidence.Facts, out func(id, text string, line int)) {
	mounted, writable := w.mounted(volume)
	if !mounted {
		return
	}
	p := path.Clean(at.Str())
	text := "it mounts " + p + " of its node"
	if !writable {
		text += " read-only"
	}
	switch {
	case isSocket(p):
		out("EXPLOIT_CONTAINERD_SOCK", text, at.Line()) // to read a socket is to use it
		return
	case writable && sensitive(p):
		out("EXPLOIT_HOST_WRITE", text, at.Line())
	case !writable && sensitive(p):
		out("EXPLOIT_HOST_READ", text, at.Line())
	}
	if writable && covers(p, "/proc/sys/kernel") {
		out("CE_UMH_CORE_PATTERN", text, at.Line())
	}
	if writable && covers(p, "/var/log") {
		out("CE_VAR_LOG_SYMLINK", text, at.Line())
	}
	if covers(p, "/var/lib/kubelet/pods") {
		b.traverse(w, text, w.origin(at.Line()))
	}
}

// mounted says whether some container mounts a volume, and whether one may write to it.
func (w *workload) mounted(volume string) (mounted, writable bool) {
	for c := range w.containers {
		for _, m := range c.Get("volumeMounts").Fields() {
			if m.Value.Get("name").Str() == volume {
				mounted = true
				writable = writable || !m.Value.Get("readOnly").True()
			}
		}
	}
	return mounted, writable
}

// covers reports whether a mounted directory holds a path, or is in it.
func covers(mounted, p string) bool {
	return mounted == "/" || mounted == p || strings.HasPrefix(p, mounted+"/") || strings.HasPrefix(mounted, p+"/")
}

func isSocket(p string) bool {
	base := path.Base(p)
	return strings.HasSuffix(base, ".sock") && slices.ContainsFunc([]string{"docker", "containerd", "crio", "cri-dockerd", "podman", "dockershim", "buildkitd"},
		func(runtime string) bool { return strings.HasPrefix(base, runtime) })
}

// sensitive reports whether who can read or write a path of a node can take the node: the
// root, keys and accounts, what the kubelet and the runtime obey, and what is run.
func sensitive(p string) bool {
	for _, s := range []string{
		"/etc/kubernetes", "/etc/shadow", "/etc/passwd", "/etc/ssh", "/etc/cron.d", "/etc/crontab", "/etc/systemd", "/etc/sudoers", "/etc/ld.so.preload",
		"/root", "/home", "/var/lib/kubelet", "/var/lib/docker", "/var/lib/containerd", "/var/run/docker.sock", "/run/containerd", "/var/lib/etcd",
		"/usr/bin", "/usr/local/bin", "/bin", "/sbin", "/usr/sbin", "/lib/modules", "/boot", "/dev", "/proc", "/opt/cni/bin", "/var/spool/cron",
	} {
		if covers(p, s) {
			return true
		}
	}
	return false
}

// traverse adds the tokens of the pods on a node, whose files are mounted.
func (b *builder) traverse(w *workload, text string, at surety.Origin) {
	for _, h := range b.hosts(w) {
		name := "the files of the kubelet on " + b.Nodes[h].Name
		_, known := b.find[nodeKey{Right, name}]
		files := b.node(Right, name, b.cluster(), surety.Origin{})
		b.plain("EXPLOIT_HOST_TRAVERSE", w.code, files, fmt.Sprintf("%s %s: %s", w.item.Kind, w.item.Name, text), at)
		if !known {
			b.heldTokens(files, h)
		}
	}
}

// heldTokens adds the tokens that lie among the files of a node.
func (b *builder) heldTokens(files, host int32) {
	if b.onHost == nil {
		b.onHost = map[int32][]*workload{}
		for _, w := range b.c.workloads {
			for _, h := range b.hosts(w) {
				b.onHost[h] = append(b.onHost[h], w)
			}
		}
	}
	done := map[int32]bool{}
	for _, w := range b.onHost[host] {
		name := kubernetes.ServiceAccountOf(w.spec)
		account := b.account(w.space.key, name)
		if !b.mounts(w) || done[account] {
			continue
		}
		done[account] = true
		state := Base
		if len(w.nodes) > 0 {
			state = Open
		}
		fact := Fact{fmt.Sprintf("%s %s mounts a token of service account %s", w.item.Kind, w.item.Name, name), w.item.Origin}
		b.step("TOKEN_OF_NODE", account, state, nil, []Fact{fact}, files)
	}
}
