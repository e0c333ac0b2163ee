#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# The example that comes with the library is built with what pkg-config says, without a warning, and runs.
set -eu
. /mnt/tests/packages.sh

expect "version" "$OLD_VERSION" "$(pkg-config --modversion libnvmove-ctrl)"
# shellcheck disable=SC2046 # options
gcc -std=gnu17 -D_GNU_SOURCE -Wall -Wextra -Werror -o /tmp/embed /usr/share/doc/libnvmove-ctrl-dev/examples/embed.c \
	$(pkg-config --cflags --libs libnvmove-ctrl)
/tmp/embed
