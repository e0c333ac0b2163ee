#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# lintian finds nothing in the packages, pedantry included, and nothing is overridden.
set -eu
cd /mnt/new
lintian --allow-root --display-info --pedantic --show-overrides --fail-on error,warning,info,pedantic,override nvmove_*.changes
