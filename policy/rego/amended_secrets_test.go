package rego

import (
	"strings"
	"testing"

	"github.com/surety-cloud/surety"
	"github.com/surety-cloud/surety/evidence"
	"github.com/surety-cloud/surety/evidence/dockerfile"
	"github.com/surety-cloud/surety/policy"
)

// A credential is found by its form under any name, and by its name if the value may
// be one; a name alone is no credential.
func TestAmendedSecrets(t *testing.T) {
	e, err := Default()
	if err != nil {
		t.Fatal(err)
	}
	o := newOracle(t, func(*check) bool { return true })
	const both = "KSV-0109"
	for data, want := range map[string]string{
		`id_rsa: "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----\n"`: both,
		`script: 'grep -q "-----BEGIN RSA PRIVATE KEY-----" $1'`:                                       "",
		`config: AKIAIOSFODNN7EXAMPLA`:                                                                 both,
		`dsn: 'postgres://u:Sup3rS3cretPw@db/x'`:                                                       both,
		`dsn: 'postgres://u:$(PASSWORD)@db/x'`:                                                         "",
		`url: 'https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX'`:         both,
		`gh: ghp_0123456789abcdefghijABCDEFGHIJ012345`:                                                 both,
		`gl: glpat-0123456789abcdefghij`:                                                               both,
		`stripe: ` + "sk_live_" + `0123456789abcdefghij`:                                               both,
		`slack: xoxb-0123456789`:                                                                       both,
		`a.json: '{"user": "x", "password": "hunter2"}'`:                                               both,
		`run.sh: "exec app --db-password=hunter2 --v=4"`:                                               both,
		`app.properties: "a.b=c\nspring.datasource.password=SuperSecret1\n"`:                           both,
		`app.properties: "# spring.datasource.password=SuperSecret1\n"`:                                "",
		`token: abc123def`:                                             both,
		`k8s_auth_token: __SERVICEACCOUNT_TOKEN__`:                     "",
		`AZURE_BATCH_KEY: abc`:                                         both,
		`require-git-ssh-secret-known-hosts: "false"`:                  "",
		`credentialsSecret: my-secret`:                                 "",
		`api-token-secret-name: token`:                                 "",
		`DB_PASSWORD_FILE: /run/secrets/db`:                            "",
		`password: /run/secrets/db`:                                    "",
		`auth.lua: "password = os.getenv('PW')\ntoken = read(file)\n"`: "",
		`schema.yaml: "password: {type: string}\ntoken: string\n"`:     "",
		`compass: north`:                                               "",
		`app.yaml: "monkey: banana\nkeyboard: us\n"`:                   "",
		`key: value`:                           "",
		`PUB_KEY_PATH: /tmp/k`:                 "",
		`KUBERNETES_SERVICE_PORT: "6443"`:      "",
		`max-size: "1000"`:                     "",
		`ROOK_LOG_LEVEL: INFO`:                 "",
		`c: "#   topologyKey: a\nmd5: true"`:   "",
		`username: ann`:                        "KSV-01010",
		`a.yaml: "db:\n  username: ann"`:       "KSV-01010",
		`contact: ann@example.com`:             "KSV-01010",
		`url: "git@github.com:a/b.git"`:        "",
		`account: DE89 3704 0044 0532 0130 00`: "KSV-01010",
	} {
		manifest := "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  " + data + "\n"
		if got := failing(t, e, o, manifest, []string{"KSV-0109", "KSV-01010"}); got != strings.TrimPrefix(want, "KSV-00") {
			t.Errorf("%s: %q fails, want %q", data, got, want)
		}
	}
	for line, want := range map[string]bool{
		"ENV GITHUB_TOKEN=x": true, "ENV GITHUB_TOKEN=true": true, "ARG DB_PASSWORD": true, "ENV DB_PASSWORD=hunter2": true,
		"ENV USE_GKE_GCLOUD_AUTH_PLUGIN=True": false, "ENV SECRET_FILE=a": false, "ENV USE_AUTH=true": false, "ENV PRIVATE_KEY=/run/k": false,
		"ENV GPG_KEY=A035C8C19219BA821ECEA86B64E628F8D684696D": false, "ENV A_TOKEN=$TOKEN": false, "ENV MONKEY=banana": false,
	} {
		items := dockerfile.Normalise(evidence.Document{Origin: surety.Origin{File: "Dockerfile"}, Format: evidence.Dockerfile, Raw: []byte("FROM a\n" + line + "\n")}).Items
		got := false
		for _, item := range items {
			o.agree(t, e, line, item)
			for _, oc := range e.Judge(nil, item, policy.DefaultBudget) {
				got = got || oc.Check.ID == "DS-0031" && oc.Verdict == surety.Fail
			}
		}
		if got != want {
			t.Errorf("%s: DS-0031 fails: %v, want %v", line, got, want)
		}
	}
}
