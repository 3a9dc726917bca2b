package rego

import (
	"bytes"
	"embed"
	"fmt"

	checks "github.com/aquasecurity/trivy-checks"
)

// amendment replaces a part of a check of the content that is wrong.
type amendment struct{ was, is string }

// amendments gives, by file, what of the content and its library is read otherwise
// than written: where a check passes what its own title says must not be, or says
// nothing. Whoever reads a title takes a pass for its answer.
var amendments = allAmendments(podAmendments, accessAmendments, clusterAmendments, dockerfileAmendments, secretAmendments, lineAmendments)

func allAmendments(lists ...map[string][]amendment) map[string][]amendment {
	all := map[string][]amendment{}
	for _, list := range lists {
		for file, amends := range list {
			all[file] = append(all[file], amends...)
		}
	}
	return all
}

// contentFS is the content as Surety reads it.
type contentFS struct{ embed.FS }

var (
	contentFiles = contentFS{checks.EmbeddedPolicyFileSystem}
	libraryFiles = contentFS{checks.EmbeddedLibraryFileSystem}
)

// ReadFile implements fs.ReadFileFS. An amendment that does not fit is an error:
// the content has changed, and it is to be seen whether it is still needed.
func (f contentFS) ReadFile(name string) ([]byte, error) {
	raw, err := f.FS.ReadFile(name)
	for _, a := range amendments[name] {
		if err == nil && bytes.Count(raw, []byte(a.was)) != 1 {
			err = fmt.Errorf("%s: the text to be amended is not there: %s", name, a.was)
		}
		raw = bytes.Replace(raw, []byte(a.was), []byte(a.is), 1)
	}
	return raw, err
}
