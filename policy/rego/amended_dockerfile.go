package rego

// dockerfileAmendments are those of checks on Dockerfiles.
var dockerfileAmendments = map[string][]amendment{
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
	// DS-0010 looked for sudo at the start of a command and after && alone, and not
	// at all at commands written as a list.
	"checks/docker/run_using_sudo.rego": {{
		`has_sudo(commands) if {
	parts = split(commands, "&&")

	instruction := parts[_]
	regex.match(` + "`^\\s*sudo`" + `, instruction)
}
`, `has_sudo(commands) if {
	regex.match(` + "`(^|[;&|(\\n])\\s*((then|do|else|exec|time|env|!|\\{)\\s+)*(/\\S*/)?sudo(\\s|$)`" + `, commands)
}

# a list is a program with its arguments, or a shell with what it is to run
runs_sudo(run) if has_sudo(run.Value[0])

runs_sudo(run) if {
	some i, arg in run.Value
	regex.match(` + "`^-[a-z]*c$`" + `, arg)
	has_sudo(run.Value[i + 1])
}
`,
	}, {
		`	count(run.Value) == 1
	arg := run.Value[0]
	has_sudo(arg)
`, `	runs_sudo(run)
`,
	}},
}
