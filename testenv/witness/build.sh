#!/bin/sh
# Builds a witness that is not ours, litewitness, and addlog, which makes it know a
# log. The binaries are kept under the user's cache directory, in a folder named
# after everything they are made of, and bin links to that folder.
#
# go mod tidy cannot be run here: it wants the tests of torchwood, and with them a
# module that proxies do not have. Raise the version with
# go get filippo.io/torchwood/cmd/litewitness.
set -eu
cd "$(dirname "$0")"

key=$({ go version; cat build.sh go.mod go.sum addlog/main.go; } | git hash-object --stdin)
dir=${XDG_CACHE_HOME:-$HOME/.cache}/surety/testenv/$key
if [ ! -x "$dir/litewitness" ]; then
	echo "testenv: building litewitness; this is done once" >&2
	mkdir -p "$dir.$$"
	CGO_ENABLED=0 GOWORK=off GOFLAGS=-mod=readonly nice -n 10 go build -trimpath -ldflags "-s -w" -o "$dir.$$/" filippo.io/torchwood/cmd/litewitness ./addlog
	mkdir -p "$dir"
	mv "$dir.$$"/* "$dir"/
	rmdir "$dir.$$"
fi
ln -sfn "$dir" bin
