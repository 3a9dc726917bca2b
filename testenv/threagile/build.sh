#!/bin/sh
# Builds Threagile, whose risks of its own example the tests of threats compare ours
# with, and which bench/threats measures beside them. It loads part of itself as a
# plugin, so a C compiler is needed; without one this says so and exits 1.
#
# The binaries are kept under the user's cache directory, in a folder named after
# everything they are made of, and bin links to that folder. Threagile is built as its
# own module, from the module cache, with the versions that its own go.sum names.
set -eu
cd "$(dirname "$0")"

if ! command -v "$(go env CC)" >/dev/null || [ "$(go env GOOS)" = windows ]; then
	echo "testenv: Threagile is not built: it is a plugin host, which needs a C compiler and no Windows" >&2
	exit 1
fi
key=$({ go version; cat build.sh go.mod go.sum; } | git hash-object --stdin)
dir=${XDG_CACHE_HOME:-$HOME/.cache}/surety/testenv/$key
if [ ! -x "$dir/threagile" ]; then
	echo "testenv: building Threagile; this is done once" >&2
	export GOWORK=off CGO_ENABLED=1
	GOFLAGS=-mod=mod go mod download github.com/threagile/threagile
	source=$(GOFLAGS=-mod=mod go list -m -f '{{.Dir}}' github.com/threagile/threagile)
	mkdir -p "$dir.$$"
	# Host and plugin must be built alike.
	(cd "$source" && GOFLAGS=-mod=readonly nice -n 10 go build -trimpath -buildmode=plugin -o "$dir.$$/raa.so" ./raa/raa)
	(cd "$source" && GOFLAGS=-mod=readonly nice -n 10 go build -trimpath -o "$dir.$$/threagile" .)
	mkdir -p "$dir"
	mv "$dir.$$/raa.so" "$dir"/
	mv "$dir.$$/threagile" "$dir"/
	rmdir "$dir.$$"
fi
ln -sfn "$dir" bin
