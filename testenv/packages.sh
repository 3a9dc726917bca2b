#!/bin/sh
# Installs the programs of others that tests run, where this may be done: as root
# on Debian and its like. Elsewhere it says what is missing; those tests are skipped.
set -eu

missing=
need() { command -v "$1" >/dev/null || missing="$missing $2"; }
need ssh-agent openssh-client
need softhsm2-util softhsm2
need pkcs11-tool opensc
[ -z "$missing" ] && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
	export DEBIAN_FRONTEND=noninteractive
	# shellcheck disable=SC2086 # one word for each package
	{ apt-get -q update && apt-get -q install -y --no-install-recommends $missing; } >&2 && exit 0
fi
echo "testenv: not installed:$missing; the tests that need them are skipped" >&2
