package risk

// Band places a scenario on scales. The words follow from the quantities; ordinals are
// never multiplied.
type Band struct {
	Frequency Level // of losses, a year
	Magnitude Level // of one of them
	Risk      Level // of the average loss a year
	NIST      NIST
}

// Level is one of five, the lowest 0.
type Level int

var levelNames = [...]string{"very low", "low", "moderate", "high", "very high"}

func (l Level) String() string { return levelNames[l] }

// The scales. Frequencies are those of the example in O-RA (Open Group, 2.0.1) and of
// table G-3 of NIST SP 800-30r1; amounts are decades, by our judgement.
var (
	frequencySteps = [4]float64{0.1, 1, 10, 100}    // losses a year
	amountSteps    = [4]float64{1e3, 1e4, 1e5, 1e6} // of the model's currency
	chanceSteps    = [4]float64{.05, .21, .80, .96} // table G-4
)

func levelOf(v float64, steps [4]float64) Level {
	l := Level(0)
	for _, s := range steps {
		if v >= s {
			l++
		}
	}
	return l
}

func bandOf(s *Scenario) Band {
	return Band{
		Frequency: levelOf(s.Events.Value, frequencySteps),
		Magnitude: levelOf(s.Event, amountSteps),
		Risk:      levelOf(s.Mean.Value, amountSteps),
		NIST:      NISTOf(levelOf(s.Attempts, frequencySteps), levelOf(s.Susceptibility, chanceSteps), levelOf(s.Event, amountSteps)),
	}
}

// NIST is an assessment by the tables of NIST SP 800-30r1.
type NIST struct {
	Initiation, Adverse Level // likelihood that it is tried, and that it then does harm
	Likelihood          Level // overall, table G-5
	Impact              Level
	Risk                Level // table I-2
}

// NISTOf combines likelihoods and impact.
func NISTOf(initiation, adverse, impact Level) NIST {
	overall := tableG5[initiation][adverse]
	return NIST{initiation, adverse, overall, impact, tableI2[overall][impact]}
}

// tableG5 gives the overall likelihood by the likelihood of initiation and that of
// adverse impact. A work of the United States government, in the public domain.
var tableG5 = [5][5]Level{
	{0, 0, 1, 1, 1},
	{0, 1, 1, 2, 2},
	{1, 1, 2, 2, 3},
	{1, 2, 2, 3, 4},
	{1, 2, 3, 4, 4},
}

// tableI2 gives the risk by the overall likelihood and the impact.
var tableI2 = [5][5]Level{
	{0, 0, 0, 1, 1},
	{0, 1, 1, 1, 2},
	{0, 1, 2, 2, 3},
	{0, 1, 2, 3, 4},
	{0, 1, 2, 3, 4},
}
