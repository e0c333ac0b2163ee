# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# Where Debian 13 comes from: the machine's own Debian mirror, asked of its apt, used through a private apt configuration.
# Sourced by the other scripts here. It never changes anything under /etc or /var.

suite=trixie
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

die() {
	echo "lab: $*" >&2
	exit 1
}

# need COMMAND PACKAGE: fail with the package's name if the machine lacks a command
need() {
	command -v "$1" >/dev/null 2>&1 || die "$1 is missing on this machine: apt-get install $2"
}

# The machine's Debian archive; NVMOVE_MIRROR overrides it.
debian_mirror() {
	if [ -n "${NVMOVE_MIRROR:-}" ]; then
		echo "$NVMOVE_MIRROR"
		return
	fi
	need apt-get apt
	apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
		awk -F'|' '$1 == "Debian" && $2 == "Debian" { print $3; exit }'
}

# require_mirror: print the mirror or explain how to get one
require_mirror() {
	local mirror

	mirror=$(debian_mirror)
	# A machine that was never asked for a package does not know its archives yet.
	if [ -z "$mirror" ] && [ "$(id -u)" = 0 ] && apt-get update >/dev/null; then
		mirror=$(debian_mirror)
	fi
	[ -n "$mirror" ] ||
		die "apt knows no Debian archive here: run apt-get update, or set NVMOVE_MIRROR to a Debian mirror's URL"
	[ -r "$keyring" ] || die "$keyring is missing: apt-get install debian-archive-keyring"
	echo "$mirror"
}

# private_apt DIR MIRROR: write an apt configuration below DIR that knows Debian 13's sources; print its path for APT_CONFIG
private_apt() {
	local dir=$1 mirror=$2

	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial" "$dir/none"
	: >"$dir/status"
	echo "deb-src [signed-by=$keyring] $mirror $suite main" >"$dir/sources.list"
	cat >"$dir/apt.conf" <<-CONF
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "$dir/none";
		Dir::Etc::preferences "$dir/none/preferences";
		Dir::Etc::preferencesparts "$dir/none";
		Dir::State::lists "$dir/lists";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir/cache";
		APT::Sandbox::User "root";
	CONF
	echo "$dir/apt.conf"
}
