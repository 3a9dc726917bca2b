package rego

import "strconv"

// What tells a secret from a word. A name alone says nothing where it is that of a
// file, a flag or another object, and neither does a value that is a reference, a
// switch, a path or a number. What has the form of a credential is one by any name.
const (
	secretWords = `password|passwd|passwrd|pswrd|pword|passphrase|(?:^|[_.-])(?:pass|pw|pwd|secrets?|tokens?|credentials?|api_?key)|` +
		`(?:secret|access|api|private|encryption|signing|account|batch|storage)[_.-]?key|cli_key_content|client_?secret|app_?secret|auth_?token`
	// lineOfSecret finds NAME=VALUE and NAME: VALUE in files of any kind but prose:
	// at the start of a line, in an object of JSON, or as a flag of a command.
	lineOfSecret = `(?im)(?:^[\t "'-]*(?:export[\t ]+)?|[{,][\t ]*["']?|--)([\w.-]*(?:` +
		`password|passwd|passwrd|pswrd|pword|passphrase|\b(?:pass|pw|pwd|secrets?|tokens?|credentials?|apikey)|[_.-](?:pass|pw|pwd|secrets?|tokens?|credentials?)|` +
		`(?:secret|access|api|private|encryption|signing|account|batch|storage)[_.-]?key|cli_key_content|client_?secret|app_?secret|auth_?token))["']?[\t ]*[=:][\t ]*("[^"\n]*"|'[^'\n]*'|[^\s,}]*)[\t ]*(?:$|[,}#]|\s--)`
	// notSecret is what a value is that tells nothing: nothing, a reference, a switch, a
	// type, a small number, a path or address (unless it holds a password, which its
	// form shows), code, or the start of what follows.
	notSecret = "^[\"']?(?:[$<{%*\\[(|>&!@`].*|.*[(\\[{<$].*|(?i:true|false|yes|no|on|off|null|none|nil|string|required|optional|enabled|disabled)|__.*__|[0-9]{1,4}|[.~]{0,2}/.*|(?:https?|file)://.*)?[\"']?$"
	// nameOfSecret is a value that is the name of an object, under a name that does
	// not say password.
	nameOfSecret = `^["']?[a-z]+([-.][a-z]+)*["']?$`
	formOfSecret = `-----BEGIN [A-Z ]*PRIVATE KEY-----(?:\s|\\n)+[A-Za-z0-9+/=-]{3}|\bAKIA[A-Z0-9]{16}\b|\bgh[pousr]_[A-Za-z0-9]{36}\b|\bgithub_pat_[A-Za-z0-9_]{22}|` +
		`\bglpat-[A-Za-z0-9_-]{20}|\bxox[abeprs]-[A-Za-z0-9-]{10}|\b[sr]k_live_[A-Za-z0-9]{16}|hooks[.]slack[.]com/services/T[A-Z0-9]+/B[A-Z0-9]+/[A-Za-z0-9]{8}|` +
		`\b[a-z][a-z0-9+.-]*://[^/\s:@"'$]*:[^/\s:@"'$({<%\[*]+@`
)

// secretAmendments are those of checks that look for credentials by name.
var secretAmendments = map[string][]amendment{
	// KSV-0109 took each name with the word secret or pass in it for a secret, even
	// that of a flag, and passed keys and tokens under other names.
	"checks/kubernetes/configMap_with_secrets.rego": {{
		`config_map_secrets := config_map_secrets_from_keys | config_map_secrets_from_values
`, `config_map_secrets := {name | some [name, _] in secrets}

secrets contains [key, value] if {
	kubernetes.kind == "ConfigMap"
	some key, value in kubernetes.object.data
	regex.match(` + "`(?i)(?:" + secretWords + ")$`" + `, key)
	not contains(trim_space(value), "\n")
	tells(key, trim_space(value))
}

secrets contains [name, value] if {
	kubernetes.kind == "ConfigMap"
	some value in kubernetes.object.data
	some [_, name, given] in regex.find_all_string_submatch_n(` + "`" + lineOfSecret + "`" + `, value, -1)
	tells(name, given)
}

secrets contains [key, value] if {
	kubernetes.kind == "ConfigMap"
	some key, value in kubernetes.object.data
	regex.match(` + "`" + formOfSecret + "`" + `, value)
}

tells(name, value) if {
	value != ""
	not regex.match(` + strconv.Quote(notSecret) + `, value)
	not names_object(name, value)
}

names_object(name, value) if {
	regex.match(` + "`(?i)(?:secrets?|tokens?|credentials?)$`" + `, name)
	regex.match(` + "`" + nameOfSecret + "`" + `, value)
}
`,
	}, {
		`	res := result.new(msg, kubernetes.kind)
`, `	some [_, cause] in secrets
	res := result.new(msg, cause)
`,
	}},
	// KSV-01010 took every number for a passport, every key of anything for a secret,
	// and SHA1 for its own value. It looked for an IBAN in one line of each value.
	"checks/kubernetes/configmap_with_sensitive.rego": {{
		`configMapSensitiveList := ConfigMapWithSensitive
`, `configMapSensitiveList := {name | some [name, _] in sensitive}

sensitive contains [key, value] if {
	kubernetes.kind == "ConfigMap"
	some key, value in kubernetes.object.data
	regex.match(` + "`(?i)(?:^|[_.-])(?:(?:user|client)_?name|e?mail|phone|iban)$`" + `, key)
	not contains(trim_space(value), "\n")
	not regex.match(` + strconv.Quote(notSecret) + `, trim_space(value))
}

sensitive contains [name, value] if {
	kubernetes.kind == "ConfigMap"
	some value in kubernetes.object.data
	some [_, name, given] in regex.find_all_string_submatch_n(` + "`(?im)^[\\t \"'-]*(?:export[\\t ]+)?((?:[\\w.-]*[_.-])?(?:username|email|phone|iban))[\"']?[\\t ]*[=:][\\t ]*(\"[^\"\\n]*\"|'[^'\\n]*'|\\S*)`" + `, value, -1)
	not regex.match(` + strconv.Quote(notSecret) + `, given)
}

sensitive contains [key, value] if {
	kubernetes.kind == "ConfigMap"
	some key, value in kubernetes.object.data
	regex.match(` + "`(?m)^[^#\\n]*\\b[a-zA-Z0-9._+-]+@(?:[a-zA-Z0-9-]+[.])+[a-zA-Z]{2,6}(?:[^\\w.:/@-]|[.]?$)|\\b[A-Z]{2}[0-9]{2}(?: [A-Z0-9]{4}){3,7}(?: [A-Z0-9]{1,3})?\\b`" + `, value)
}
`,
	}, {
		`	res := result.new(msg, kubernetes.kind)
`, `	some [_, cause] in sensitive
	res := result.new(msg, cause)
`,
	}},
	// DS-0031 looked for a word of secrets anywhere in a name, and not at the value.
	"checks/docker/leaked_secrets.rego": {{
		`	some [name, _] in retrive_name_and_default(instruction)
	is_secret(name)
`, `	some [name, value] in retrive_name_and_default(instruction)
	is_secret(name)
	not harmless(name, value)
`,
	}, {
		`is_secret_key(s) if {
`, `harmless(name, value) if {
	not is_secret_env(name)
	regex.match(` + "`(?i)(?:[_-](?:files?|path|dir|names?|namespaces?|ur[il]|ref|arn|type|mode|method|algorithm|policy|store|provider|plugin|backend|server|host|port|manager|class|length|size|ttl|expiry|expiration|seconds|enabled|required|version|prefix)|(?:^|_)(?:gpg|pgp)_?keys?)$`" + `, name)
}

harmless(name, value) if {
	not is_secret_env(name)
	regex.match(` + strconv.Quote("^[\"']?(?:[$].*|(?i:true|false|yes|no|on|off|none)|[0-9]{1,4}|[.~]{0,2}/.*)[\"']?$") + `, value)
}

is_secret_key(s) if {
`,
	}},
}
