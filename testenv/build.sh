#!/bin/sh
# Builds the real components that tests run against: kube-apiserver, and etcd
# inside the small program controlplane.
#
# The binaries are kept under the user's cache directory, in a folder named
# after everything they are made of, and testenv/bin links to that folder. A
# second run finds them and ends at once. The first run costs about nine
# minutes of processor time and 3 GB of memory; after a change only what changed
# is compiled again, thanks to Go's build cache.
set -eu
cd "$(dirname "$0")"

version=$(awk '$1 == "k8s.io/kubernetes" { print $2; exit }' go.mod)
minor=$(echo "$version" | cut -d. -f2)
ld="-s -w -X k8s.io/component-base/version.gitVersion=$version"
ld="$ld -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=$minor"

key=$({ go version; cat build.sh go.mod go.sum controlplane/main.go; } | git hash-object --stdin)
dir=${XDG_CACHE_HOME:-$HOME/.cache}/surety/testenv/$key
mkdir -p "$dir"

# build NAME PACKAGE builds one binary unless it is there. The last step is a
# rename, so that two runs at once, or one that is interrupted, do no harm.
build() {
	[ -x "$dir/$1" ] && return
	echo "testenv: building $1 for Kubernetes $version; this is done once" >&2
	CGO_ENABLED=0 GOWORK=off nice -n 10 go build -trimpath -ldflags "$ld" -o "$dir/$1.$$" "$2"
	mv "$dir/$1.$$" "$dir/$1"
}
build controlplane ./controlplane
build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver
ln -sfn "$dir" bin
