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
	// DS-0002 took the last USER of the file for that of the image, though a stage
	// starts as its own base does, and a variable for a user that is not root. What
	// it stands for is a default, or not known before the build.
	"checks/docker/root_user.rego": {{
		`	user := docker.user[_]
	username := user.Value[_]
}
`, `	user := users[_]
	username := user.Value[_]
}

# users are the instructions of the last stage and of the stages it is made from
users := [cmd |
	some i, stage in input.Stages
	i in lineage
	some cmd in stage.Commands
	cmd.Cmd == "user"
]

lineage := graph.reachable(bases, {count(input.Stages) - 1})

bases[i] contains i if some i, _ in input.Stages

bases[i] contains j if {
	some i, stage in input.Stages
	some j, earlier in input.Stages
	j < i
	alias(earlier) == words(stage)[0]
}

words(stage) := [w | some w in split(lower(stage.Name), " "); w != ""; not startswith(w, "--")]

alias(stage) := words(stage)[2] if words(stage)[1] == "as"

named(user) := user.Value[0] if not contains(user.Value[0], "$")

named(user) := value if {
	parts := regex.find_all_string_submatch_n(` + "`^[$]\\{?([A-Za-z_][A-Za-z0-9_]*)(:?-([^}]*))?\\}?(:.*)?$`" + `, user.Value[0], 1)[0]
	values := array.concat([parts[3]], array.concat(set_by("arg", parts[1]), set_by("env", parts[1])))
	value := values[count(values) - 1]
	value != ""
	not contains(value, "$")
}

set_by("env", name) := [trim(cmd.Value[k + 1], "\"'") |
	some cmd in commands
	cmd.Cmd == "env"
	some k, key in cmd.Value
	k % 3 == 0
	key == name
]

set_by("arg", name) := [trim(substring(arg, count(name) + 1, -1), "\"'") |
	some cmd in commands
	cmd.Cmd == "arg"
	some arg in cmd.Value
	startswith(arg, concat("", [name, "="]))
]

# commands are those of the lineage, after those before the first stage
commands := [cmd | some i, stage in input.Stages; in_force(i, stage); some cmd in stage.Commands]

in_force(i, _) if i in lineage

in_force(0, stage) if stage.Name == ""
`,
	}, {
		`	users := [user | user := docker.user[_]]
	lastUser := users[count(users) - 1]
	regex.match("^root(:.+){0,1}$", lastUser.Value[0])
`, `	lastUser := users[count(users) - 1]
	regex.match("^root(:.+){0,1}$", named(lastUser))
`,
	}, {
		`	users := [user | user := docker.user[_]]
	lastUser := users[count(users) - 1]
	regex.match("^0(:.+){0,1}$", lastUser.Value[0])
}
`, `	lastUser := users[count(users) - 1]
	regex.match("^0+(:.+){0,1}$", named(lastUser))
}

deny contains res if {
	user := users[count(users) - 1]
	not named(user)
	msg := sprintf("whether USER %s is root is decided by the build", [user.Value[0]])
	res := object.union(result.new(msg, user), {"undecided": true})
}
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
