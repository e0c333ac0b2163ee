# SPDX-License-Identifier: BSD-2-Clause
"""What a run of the lab can be told to differ in, and the name that its results go by."""

from dataclasses import dataclass

from . import kernel, subsystem


@dataclass(frozen=True)
class Variant:
    """What the hosts' devices speak, and the kernel that the hosts boot (kernel.NAMES)."""

    protocol: str = subsystem.PROTOCOLS[0]
    kernel: str = kernel.STOCK

    def __str__(self):
        """"hmlm" under the stock kernel, "hmlm-lab" under the one called lab."""
        return self.protocol if self.kernel == kernel.STOCK else f"{self.protocol}-{self.kernel}"
