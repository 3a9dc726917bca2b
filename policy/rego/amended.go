package rego

import (
	"bytes"
	"embed"
	"fmt"

	checks "github.com/aquasecurity/trivy-checks"
)

// amendment replaces a part of a check of the content that is wrong.
type amendment struct{ was, is string }

// amendments gives, by file, what of the content is read otherwise than written.
var amendments = map[string][]amendment{
	// DS-0001 collects the ARGs of a stage into an object, which a name given
	// twice makes an error: Trivy leaves the check out then and we had no verdict.
	// As a build reads them the last default counts, an ARG without one changes
	// nothing, one instruction may hold several, and those after a FROM do not
	// reach it.
	"checks/docker/latest_tag.rego": {{
		`	stage_args(input.Stages[stage_num]),
`, `	args_of(before_from(input.Stages[stage_num])),
`,
	}, {
		`stage_args(stage) := {name: def_value |
	some instruction in stage.Commands
	instruction.Cmd == "arg"
	[name, def_value] = parse_arg(instruction.Value[0])
}
`, `stage_args(stage) := args_of(stage.Commands)

before_from(stage) := array.slice(stage.Commands, 0, min([i |
	some i, instruction in stage.Commands
	instruction.Cmd == "from"
]))

args_of(commands) := object.union_n(array.concat(
	[{name: ""} | some arg in args_in(commands); [name, _] = parse_arg(arg)],
	[{name: def_value} | some arg in args_in(commands); contains(arg, "="); [name, def_value] = parse_arg(arg)],
))

args_in(commands) := [arg |
	some instruction in commands
	instruction.Cmd == "arg"
	some arg in instruction.Value
]
`,
	}},
}

// contentFS is the content as Surety reads it.
type contentFS struct{ embed.FS }

var contentFiles = contentFS{checks.EmbeddedPolicyFileSystem}

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
