package catalog_test

import (
	"testing"

	"github.com/surety-cloud/surety/catalog"
)

func TestDefault(t *testing.T) {
	c, err := catalog.Default()
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Capabilities) != 14 || len(c.Threats) != 26 || len(c.Controls) < 40 {
		t.Errorf("got %d capabilities, %d threats, %d controls; want 14, 26 and at least 40",
			len(c.Capabilities), len(c.Threats), len(c.Controls))
	}
}
