#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause
# linux-source.sh DEST: fetch the upstream part of the suite's Linux source package as DEST/linux.tar.xz; DEST/version
# receives the package's version. It is what Debian's own kernels are made from, before Debian's patches.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
# shellcheck source=lab/provision/apt.sh
. "$here/apt.sh"

dest=$1

mirror=$(require_mirror)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/source"
APT_CONFIG=$(private_apt "$work" "$mirror")
export APT_CONFIG
apt-get update -qq
(cd "$work/source" && apt-get source -qq --download-only --tar-only linux)
unset APT_CONFIG

tarball=$(echo "$work"/source/linux_*.orig.tar.xz)
version=${tarball##*/linux_}
echo "${version%.orig.tar.xz}" >"$dest/version"
mv "$tarball" "$dest/linux.tar.xz"
