// Command threats measures what it costs to derive the threats and responsibilities
// of a system of 10,000 components and 20,000 flows, in processor time and memory,
// against the limit of visiting each element once.
//
//	go run ./bench/threats
//
// The limit is to make the name of every element and enter it in a map, which no
// derivation can do without.
//
// First it measures whole processes, as the kernel accounts them: surety threats and
// Threagile, on the same models in the format of each, with rules and JSON alone.
// Threagile is built once, into the user's cache, where there is a C compiler; else it
// is named as not measured.
package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/surety-cloud/surety/catalog"
	"github.com/surety-cloud/surety/responsibility"
	"github.com/surety-cloud/surety/system"
	"github.com/surety-cloud/surety/threat"
)

func main() {
	act := func() error { return run(os.Stdout) }
	if len(os.Args) == 5 && os.Args[1] == "-write" { // internal: make one model in both formats
		act = func() error { return writeModels(os.Args[3], os.Args[4], os.Args[2]) }
	}
	if err := act(); err != nil {
		fmt.Fprintln(os.Stderr, "bench/threats:", err)
		os.Exit(1)
	}
}

const components = 10_000

func run(w io.Writer) error {
	if err := beside(w); err != nil {
		return err
	}
	known, err := catalog.Default()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\n| what | processor time | memory | / limit |\n|---|---|---|---|\n")
	begin := spent()
	rules, err := threat.Default()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "| start: %d rules read and compiled | %.2f s | | |\n", len(rules.All), (spent() - begin).Seconds())
	for _, varied := range []bool{false, true} {
		if err := derive(w, known, rules, varied); err != nil {
			return err
		}
	}
	return nil
}

// derive measures one model. A varied one has components that all differ in what
// the rules read.
func derive(w io.Writer, known *catalog.Catalog, rules *threat.Rules, varied bool) error {
	m, err := model(components, varied)
	if err != nil {
		return err
	}
	names := map[string]bool{}
	begin := spent()
	for name := range m.Components {
		names[name] = true
	}
	for _, f := range m.Flows {
		names[f.From+"->"+f.To] = true
	}
	limit := spent() - begin
	debug.FreeOSMemory()
	before := heap()
	begin = spent()
	duties := responsibility.Resolve(m, known)
	set := threat.Derive(threat.Input{Model: m, Catalog: known, Duties: duties, Rules: rules, Today: "2026-11-27"})
	took := spent() - begin
	held := heap() - before
	kind := "like real ones"
	if varied {
		kind = "that all differ"
	}
	fmt.Fprintf(w, "| %d components %s, %d flows: %d threats, %d questions, %d shapes | %.2f s | %d MB | %.0f |\n",
		len(m.Components), kind, len(m.Flows), len(set.Threats), len(set.Questions), set.Shapes, took.Seconds(), held>>20, took.Seconds()/limit.Seconds())
	runtime.KeepAlive(set)
	return nil
}

// spent is the processor time of this process.
func spent() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// heap is what is in use, garbage that has not been collected included.
func heap() uint64 {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapInuse
}

// model makes a system of zones with an entrance, services behind it and a store.
func model(n int, varied bool) (*system.Model, error) {
	text := []byte("surety: 1\nsystem: bench\nparties: {shop: {}, host: {}, iron: {}, users: {}}\n" +
		"services:\n" +
		"  app: {category: SaaS, provider: shop, customer: users, on: cloud}\n" +
		"  cloud: {category: containers, provider: host, customer: shop, region: eu, on: vms}\n" +
		"  vms: {category: IaaS, provider: iron, customer: host, region: eu}\n" +
		"data:\n" +
		"  orders: {c: confidential, i: high, a: high, kind: personal, records: 2M}\n" +
		"  news: {c: public, i: low, a: low}\n  logs: {c: internal, i: medium, a: low}\n" +
		"zones:\n  internet: {trust: 0}\n")
	out, err := system.Decode(append(text, "components: {seed: {type: vm, in: vms}}\n"...), "bench.yaml")
	if err != nil {
		return nil, err
	}
	types := []string{"k8s.deployment", "k8s.statefulset", "k8s.cronjob", "k8s.daemonset"}
	data := [][]string{{"orders"}, {"news"}, {"logs"}, {"orders", "logs"}, nil}
	yes, no := true, false
	for i := range n {
		zone := fmt.Sprintf("ns-%d", i/20)
		if out.Zones[zone] == nil {
			trust := 1 + i/20%4
			out.Zones[zone] = &system.Zone{Name: zone, In: "cloud", Trust: &trust}
		}
		c := &system.Component{Name: fmt.Sprintf("c-%d", i), Type: types[i%4], In: zone, Handles: data[i%5]}
		if i%4 == 1 {
			c.Stores, c.Handles, c.Encrypted = c.Handles, nil, []string{"kms", "false", ""}[i/4%3]
		}
		if i%20 == 0 {
			c.Exposed = "internet"
		}
		if i%50 == 3 {
			c.Can = map[string][]string{"read-secrets": {zone}}
		}
		out.Components[c.Name] = c
		for k := 1; k <= 2; k++ {
			tls := &yes
			if (i+k)%7 == 0 {
				tls = &no
			}
			out.Flows = append(out.Flows, &system.Flow{From: c.Name, To: fmt.Sprintf("c-%d", (i+k*13)%n), Proto: "https", Auth: "token", TLS: tls, Data: data[(i+k)%5]})
		}
		if varied { // a privilege of its own each, which no rule means and every one must look at
			c.Can = map[string][]string{fmt.Sprintf("verb-%d", i): {c.Name}}
			out.Flows[len(out.Flows)-1].Proto = fmt.Sprintf("proto-%d", i)
			out.Flows[len(out.Flows)-2].Proto = fmt.Sprintf("other-%d", i)
		}
	}
	return out, nil
}
