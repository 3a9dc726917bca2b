# Two commands do all set-up on a fresh machine: make demo and make test.

GO ?= go
BIN := bin
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOVULNCHECK := golang.org/x/vuln/cmd/govulncheck@v1.9.0

.PHONY: all build demo test testenv lint bench generate fuzz clean help

all: build lint test

build: ## Build bin/surety and bin/surety-verify
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags "-s -w" -o $(BIN)/ ./cmd/...

demo: build ## Assess a small system that has faults, with the embedded defaults
	$(BIN)/surety assess examples/webshop

test: testenv lint ## Run everything: builds a real kube-apiserver first, names what it skips
	scripts/test

testenv: ## Install ssh-agent and a soft token, build kube-apiserver, etcd and a witness (cached)
	testenv/packages.sh
	testenv/build.sh
	testenv/foreign/build.sh
	testenv/threagile/build.sh || true # named when its tests are skipped

lint: ## gofmt, vet, staticcheck, house rules, govulncheck where its database can be had
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w on these"; exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	$(GO) test -count=1 .
	@scripts/vulncheck $(GOVULNCHECK)

bench: ## Measure floor, cold, repeated and changed runs, and every peer on the PATH
	$(GO) run ./bench
	$(GO) run ./bench/log
	$(GO) run ./bench/proof
	$(GO) run ./bench/risk
	$(GO) run ./bench/paths
	$(GO) run ./bench/threats

generate: ## Recompile the embedded checks and schemas from their sources
	$(GO) generate ./...

fuzz: ## Run each fuzz target for 30 seconds
	scripts/fuzz 30s

clean: ## Remove what was built
	rm -rf $(BIN)

help: ## List the targets
	@grep -E '^[a-z]+:.*##' Makefile | sed 's/:.*##/\t/' | expand -t 12
