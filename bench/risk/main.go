// Command risk measures what simulating losses costs, against the limit of drawing
// the numbers that it needs and against numpy, in the same run.
//
//	go run ./bench/risk
//
// The limit is the raw rate of this core: for each event one random word that places
// it and one exact lognormal loss. The peer is what an analyst writes with numpy:
// a Poisson count for each year, all losses at once, summed by year. Times are the
// processor's, so that other work on the machine does not count.
package main

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/surety-cloud/surety/risk/loss"
)

func main() {
	if err := run(os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "bench/risk:", err)
		os.Exit(1)
	}
}

const (
	scenarios = 100
	years     = 1_000_000
	fewer     = 100_000 // years of the what-if
)

func run(w io.Writer) error {
	fmt.Fprintln(w, "| what | figure | / limit |\n|---|---|---|")
	for _, lambda := range []float64{0.1, 0.3, 1} {
		if err := simulate(w, lambda); err != nil {
			return err
		}
	}
	return whatIf(w)
}

// simulate compares limit, engine and peer on the sum of a portfolio.
func simulate(w io.Writer, lambda float64) error {
	p, err := portfolio(lambda)
	if err != nil {
		return err
	}
	limit := spent(func() { fmt.Fprintln(io.Discard, draw(int(lambda*scenarios*years))) })
	var simulated error
	ours := spent(func() {
		var r *loss.Run
		if r, simulated = loss.Simulate(p, loss.Options{Seed: 1, Years: years, Cores: 1, Keep: 1}); simulated == nil {
			r.Annual(loss.All, nil)
		}
	})
	if simulated != nil {
		return simulated
	}
	row := func(what string, took time.Duration) {
		fmt.Fprintf(w, "| %s, %g events a year | %.2f s for 1e8 scenario-years | %.2f |\n", what, lambda, took.Seconds(), took.Seconds()/limit.Seconds())
	}
	row("limit: a word and a lognormal for each event, one core", limit)
	row("losses by year, one core", ours)
	peer, err := numpy(lambda)
	if err != nil {
		fmt.Fprintf(w, "| numpy, %g events a year | not measured: %v | |\n", lambda, err)
		return nil
	}
	row("numpy, one core", peer)
	return nil
}

// whatIf measures a filter over candidates that are kept.
func whatIf(w io.Writer) error {
	p, err := portfolio(0.3)
	if err != nil {
		return err
	}
	r, err := loss.Simulate(p, loss.Options{Seed: 1, Years: fewer, Cores: 1})
	if err != nil {
		return err
	}
	better, err := loss.Beta(6, 4)
	if err != nil {
		return err
	}
	change := loss.Change{}
	for f := range p.Factors {
		change[f] = loss.Factor{Parts: []loss.Unknown{{Dist: better}}}
	}
	one := spent(func() { r.Annual(loss.All, loss.Change{0: change[0]}) })
	all := spent(func() { r.Annual(loss.All, change) })
	fmt.Fprintf(w, "| a what-if on one control, losses by year, %d scenarios by %d years, one core | %.1f ms | |\n", scenarios, fewer, ms(one))
	fmt.Fprintf(w, "| the same on every control | %.1f ms | |\n", ms(all))
	return nil
}

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// portfolio has scenarios of a known rate that a control halves, on average.
func portfolio(lambda float64) (loss.Portfolio, error) {
	severity, err := loss.Lognormal(1e4, 1e6)
	if err != nil {
		return loss.Portfolio{}, err
	}
	rate, err := loss.Constant(lambda)
	if err != nil {
		return loss.Portfolio{}, err
	}
	one, err := loss.Constant(1)
	if err != nil {
		return loss.Portfolio{}, err
	}
	works, err := loss.Beta(5, 5)
	if err != nil {
		return loss.Portfolio{}, err
	}
	var p loss.Portfolio
	for f := range 10 {
		p.Factors = append(p.Factors, loss.Factor{ID: strconv.Itoa(f), Parts: []loss.Unknown{{Dist: works}}})
	}
	for s := range scenarios {
		p.Scenarios = append(p.Scenarios, loss.Scenario{ID: strconv.Itoa(s), Rate: loss.Unknown{Dist: rate}, Base: loss.Unknown{Dist: one},
			Primary: severity, Resist: [][]int{{s % 10}}})
	}
	return p, nil
}

// draw draws what n events need at least. It returns their sum, so that nothing of it
// can be left out.
func draw(n int) float64 {
	pcg := rand.NewPCG(1, 2)
	r := rand.New(pcg)
	sum := 0.0
	for range n {
		sum += float64(pcg.Uint64()>>32) + math.Exp(11.5+1.4*r.NormFloat64())
	}
	return sum
}

const script = `
import resource, sys, numpy as np
lam, scenarios, years = float(sys.argv[1]), %d, %d
g = np.random.Generator(np.random.PCG64(1))
def spent():
    u = resource.getrusage(resource.RUSAGE_SELF)
    return u.ru_utime + u.ru_stime
start = spent()
total = np.zeros(years)
for _ in range(scenarios):
    n = g.poisson(lam, years)
    losses = g.lognormal(11.5, 1.4, n.sum())
    total += np.bincount(np.repeat(np.arange(years), n), weights=losses, minlength=years)
print(spent() - start)
`

// numpy runs the peer on one thread.
func numpy(lambda float64) (time.Duration, error) {
	cmd := exec.Command("python3", "-c", fmt.Sprintf(script, scenarios, years), fmt.Sprint(lambda))
	cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=1")
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		lines := strings.Split(strings.TrimSpace(complaint.String()), "\n")
		return 0, fmt.Errorf("%w: %s", err, lines[len(lines)-1])
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	return time.Duration(seconds * float64(time.Second)), err
}

// spent returns the processor time that do takes.
func spent(do func()) time.Duration {
	now := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
			return 0
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	start := now()
	do()
	return now() - start
}
