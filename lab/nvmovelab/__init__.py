# SPDX-License-Identifier: BSD-2-Clause
"""The nvmove lab: two hosts, a guest and a wire on one machine, driven from Python's standard library alone."""
