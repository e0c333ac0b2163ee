# SPDX-License-Identifier: BSD-2-Clause
# The devices of a lab host: a q35 machine with an IOMMU, virtio for disk, network, agent and share, and QEMU's own NVMe
# device, which the tests use to compare stock behaviour.
CONFIG_Q35=y
CONFIG_VTD=y
CONFIG_PCIE_PORT=y
CONFIG_VIRTIO_PCI=y
CONFIG_VIRTIO_BLK=y
CONFIG_VIRTIO_NET=y
CONFIG_VIRTIO_SERIAL=y
CONFIG_VIRTIO_RNG=y
CONFIG_VIRTIO_9P=y
CONFIG_NVME_PCI=y
