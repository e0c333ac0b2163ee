# SPDX-License-Identifier: BSD-2-Clause
"""Where the checkout keeps what the lab reads and writes."""

from pathlib import Path

LAB = Path(__file__).resolve().parent.parent
PROJECT = LAB.parent
BUILD = PROJECT / "build"
PROVISION = LAB / "provision"
