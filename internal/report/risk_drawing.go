package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"

	"github.com/surety-cloud/surety/risk"
)

// The drawings of a risk analysis: the loss-exceedance curve and the tornado of
// fixes. Both are inline SVG that follows the page's colours and needs no script;
// what they show stands in a table as well.

const (
	plotWidth  = 640.0
	plotHeight = 320.0
	plotLeft   = 64.0
	plotRight  = 12.0
	plotTop    = 12.0
	plotBottom = 40.0
	leastShown = 0.001 // the smallest chance that is drawn
)

// plot maps losses and chances to places, both in their logarithm.
type plot struct{ least, most float64 }

func (p plot) x(loss float64) float64 {
	at := (math.Log10(math.Max(loss, p.least)) - math.Log10(p.least)) / (math.Log10(p.most) - math.Log10(p.least))
	return plotLeft + math.Min(at, 1)*(plotWidth-plotLeft-plotRight)
}

func (p plot) y(chance float64) float64 {
	at := math.Log10(math.Max(math.Min(chance, 1), leastShown)) / math.Log10(leastShown)
	return plotTop + at*(plotHeight-plotTop-plotBottom)
}

// exceedanceSVG draws the chance to lose more than an amount in a year, with the band
// of what is not known and the appetite. It is empty if nothing is lost.
func exceedanceSVG(a *risk.Analysis) template.HTML {
	if len(a.Curve) < 2 {
		return ""
	}
	p := plot{a.Curve[0].Loss, a.Curve[len(a.Curve)-1].Loss}
	for _, x := range a.Appetite {
		p.least, p.most = math.Min(p.least, math.Max(x.Amount, 1)), math.Max(p.most, x.Amount)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="plot" viewBox="0 0 %.0f %.0f" role="img" aria-label="Chance to lose more than an amount in a year">`, plotWidth, plotHeight)
	p.grid(&b)
	var upper, lower, line []string
	for _, c := range a.Curve {
		x := p.x(c.Loss)
		if c.P.Value >= leastShown {
			line = append(line, fmt.Sprintf("%.1f,%.1f", x, p.y(c.P.Value)))
		}
		upper = append(upper, fmt.Sprintf("%.1f,%.1f", x, p.y(c.Hi)))
		lower = append([]string{fmt.Sprintf("%.1f,%.1f", x, p.y(c.Lo))}, lower...)
	}
	fmt.Fprintf(&b, `<polygon class="band" points="%s"/>`, strings.Join(append(upper, lower...), " "))
	fmt.Fprintf(&b, `<polyline class="curve" points="%s"/>`, strings.Join(line, " "))
	p.appetite(&b, a.Appetite)
	b.WriteString("</svg>")
	return template.HTML(b.String())
}

func (p plot) grid(b *strings.Builder) {
	for _, c := range []float64{1, 0.1, 0.01, 0.001} {
		y := p.y(c)
		fmt.Fprintf(b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/><text x="%.1f" y="%.1f" text-anchor="end">%g %%</text>`, plotLeft, plotWidth-plotRight, y, y, plotLeft-6, y+4, 100*c)
	}
	for d := math.Ceil(math.Log10(p.least)); d <= math.Log10(p.most); d++ {
		x := p.x(math.Pow(10, d))
		fmt.Fprintf(b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/><text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, x, x, plotTop, plotHeight-plotBottom, x, plotHeight-plotBottom+16, risk.Money(math.Pow(10, d)))
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="end">lost in a year</text>`, plotWidth-plotRight, plotHeight-6)
}

// appetite draws the tolerated curve: a step at each of its points.
func (p plot) appetite(b *strings.Builder, list []risk.Appetite) {
	if len(list) == 0 {
		return
	}
	var points []string
	for _, a := range list {
		points = append(points, fmt.Sprintf("%.1f,%.1f", p.x(a.Amount), p.y(a.Probability)))
	}
	fmt.Fprintf(b, `<polyline class="appetite" points="%s"/>`, strings.Join(points, " "))
	for _, a := range list {
		class := "within"
		if a.Crossed {
			class = "crossed"
		}
		fmt.Fprintf(b, `<circle class="%s" cx="%.1f" cy="%.1f" r="5"><title>appetite: %g %% of years more than %s; it is %s %%</title></circle>`,
			class, p.x(a.Amount), p.y(a.Probability), 100*a.Probability, risk.Money(a.Amount), figures(100*a.P.Value))
	}
}

// tornadoSVG draws what each fix saves as a bar, with its cost as a mark and the
// error of the saving as a whisker.
func tornadoSVG(fixes []*risk.Fix) template.HTML {
	most := 0.0
	for _, f := range fixes {
		most = math.Max(most, math.Max(f.Saved.Value+2*f.Saved.SE, f.Cost))
	}
	if most == 0 {
		return ""
	}
	const row, left, width = 28.0, 190.0, 640.0
	height := row*float64(len(fixes)) + 24
	at := func(v float64) float64 { return left + math.Max(v, 0)/most*(width-left-90) }
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="plot tornado" viewBox="0 0 %.0f %.0f" role="img" aria-label="What each fix saves a year, and costs">`, width, height)
	for i, f := range fixes {
		y := row * float64(i)
		mid := y + row/2
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="end">%s</text>`, left-8, mid+4, template.HTMLEscapeString(shorten(f.Name+" "+f.Party, 20)))
		fmt.Fprintf(&b, `<rect class="saves" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%s saves %s</title></rect>`, left, y+5, at(f.Saved.Value)-left, row-10, template.HTMLEscapeString(f.Name), amount(f.Saved))
		fmt.Fprintf(&b, `<line class="whisker" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, at(f.Saved.Value-2*f.Saved.SE), at(f.Saved.Value+2*f.Saved.SE), mid, mid)
		fmt.Fprintf(&b, `<line class="cost" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"><title>costs %s</title></line>`, at(f.Cost), at(f.Cost), y+2, y+row-2, risk.Money(f.Cost))
		x := at(f.Saved.Value + 2*f.Saved.SE)
		if c := at(f.Cost); c > x && c < x+50 { // the cost's mark would cross the number
			x = c
		}
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f">%s</text>`, x+6, mid+4, risk.Money(f.Saved.Value))
	}
	fmt.Fprintf(&b, `<text x="%.1f" y="%.1f">bar: saved a year, with its error; upright line: cost</text></svg>`, left, height-6)
	return template.HTML(b.String())
}

func shorten(s string, most int) string {
	if r := []rune(singleLine(s)); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return singleLine(s)
}
