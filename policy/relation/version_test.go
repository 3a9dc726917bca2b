package relation

import (
	"flag"
	"testing"

	"github.com/surety-cloud/surety/internal/suretytest"
)

var update = flag.Bool("update", false, "rewrite what the test compares with")

func TestVersion(t *testing.T) { suretytest.CheckVersion(t, *update) }
