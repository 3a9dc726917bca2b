#!/bin/sh
# Builds what is not ours and logs are tested with: litewitness and omniwitness, two
# witnesses; addlog, which makes the first know a log; and hammer, Tessera's load test,
# which reads. The binaries are kept under the user's cache directory, in a folder named
# after everything they are made of, and bin links to that folder.
#
# go mod tidy cannot be run here: it wants the tests of torchwood, and with them a
# module that proxies do not have. Raise the version with
# go get filippo.io/torchwood/cmd/litewitness, and in omniwitness, which is a module of
# its own for it needs other versions, with go get github.com/transparency-dev/witness/cmd/omniwitness.
set -eu
cd "$(dirname "$0")"

tessera=$(awk '$1 == "github.com/transparency-dev/tessera" { print $2 }' ../../go.mod)
key=$({ echo "$tessera"; go version; cat build.sh go.mod go.sum addlog/main.go omniwitness/go.mod omniwitness/go.sum; } | git hash-object --stdin)
dir=${XDG_CACHE_HOME:-$HOME/.cache}/surety/testenv/$key
if [ ! -x "$dir/hammer" ]; then
	echo "testenv: building litewitness, omniwitness and hammer; this is done once" >&2
	mkdir -p "$dir.$$"
	CGO_ENABLED=0 GOWORK=off GOFLAGS=-mod=readonly nice -n 10 go build -trimpath -ldflags "-s -w" -o "$dir.$$/" filippo.io/torchwood/cmd/litewitness ./addlog
	(cd omniwitness && CGO_ENABLED=0 GOWORK=off GOFLAGS=-mod=readonly nice -n 10 go build -trimpath -ldflags "-s -w" -o "$dir.$$/" github.com/transparency-dev/witness/cmd/omniwitness)
	CGO_ENABLED=0 GOWORK=off GOBIN="$dir.$$" nice -n 10 go install -trimpath -ldflags "-s -w" "github.com/transparency-dev/tessera/internal/hammer@$tessera"
	mkdir -p "$dir"
	mv "$dir.$$/litewitness" "$dir.$$/omniwitness" "$dir.$$/addlog" "$dir"/
	mv "$dir.$$/hammer" "$dir"/
	rmdir "$dir.$$"
fi
ln -sfn "$dir" bin
