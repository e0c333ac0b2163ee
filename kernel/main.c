// SPDX-License-Identifier: GPL-2.0-only
/*
 * nvme-vfio-pci: assigns NVMe functions to user space like vfio-pci and lets them migrate where
 * the device can. This file binds, opens, closes and resets; it never decides about migration. The
 * driver takes a function only through driver_override, never by itself.
 */
#include <linux/device.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/vfio.h>
#include <linux/vfio_pci_core.h>

#include "controlled.h"
#include "controlling.h"
#include "nvme-vfio-pci.h"
#include "sysfs.h"

static struct nvmove_device *nvmove_drvdata(struct pci_dev *pdev)
{
	struct vfio_pci_core_device *core = dev_get_drvdata(&pdev->dev);

	return container_of(core, struct nvmove_device, core);
}

static int nvmove_init(struct vfio_device *vdev)
{
	struct nvmove_device *ndev = container_of(vdev, struct nvmove_device, core.vdev);
	int ret;

	ret = vfio_pci_core_init_dev(vdev);
	if (ret)
		return ret;

	nvmove_migrate_init(ndev);
	return 0;
}

static void nvmove_release(struct vfio_device *vdev)
{
	struct nvmove_device *ndev = container_of(vdev, struct nvmove_device, core.vdev);

	nvmove_migrate_release(ndev);
	vfio_pci_core_release_dev(vdev);
}

static int nvmove_open(struct vfio_device *vdev)
{
	struct nvmove_device *ndev = container_of(vdev, struct nvmove_device, core.vdev);
	int ret;

	ret = vfio_pci_core_enable(&ndev->core);
	if (ret)
		return ret;

	ret = nvmove_migrate_open(ndev);
	if (ret) {
		vfio_pci_core_disable(&ndev->core);
		return ret;
	}

	vfio_pci_core_finish_enable(&ndev->core);
	return 0;
}

static void nvmove_close(struct vfio_device *vdev)
{
	struct nvmove_device *ndev = container_of(vdev, struct nvmove_device, core.vdev);

	vfio_pci_core_close_device(vdev);
	nvmove_migrate_close(ndev);
}

static const struct vfio_device_ops nvmove_vfio_ops = {
	.name = "nvme-vfio-pci",
	.init = nvmove_init,
	.release = nvmove_release,
	.open_device = nvmove_open,
	.close_device = nvmove_close,
	.ioctl = vfio_pci_core_ioctl,
	.device_feature = vfio_pci_core_ioctl_feature,
	.read = vfio_pci_core_read,
	.write = vfio_pci_core_write,
	.mmap = vfio_pci_core_mmap,
	.request = vfio_pci_core_request,
	.match = vfio_pci_core_match,
#ifdef VFIO_HAS_MATCH_TOKEN_UUID
	.match_token_uuid = vfio_pci_core_match_token_uuid,
#endif
#ifdef VFIO_HAS_GET_REGION_INFO_CAPS
	.get_region_info_caps = vfio_pci_ioctl_get_region_info,
#endif
	.bind_iommufd = vfio_iommufd_physical_bind,
	.unbind_iommufd = vfio_iommufd_physical_unbind,
	.attach_ioas = vfio_iommufd_physical_attach_ioas,
	.detach_ioas = vfio_iommufd_physical_detach_ioas,
};

static int nvmove_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct nvmove_device *ndev;
	int ret;

	ndev = vfio_alloc_device(nvmove_device, core.vdev, &pdev->dev, &nvmove_vfio_ops);
	if (IS_ERR(ndev))
		return PTR_ERR(ndev);

	dev_set_drvdata(&pdev->dev, &ndev->core);
	ret = vfio_pci_core_register_device(&ndev->core);
	if (ret)
		vfio_put_device(&ndev->core.vdev);
	return ret;
}

static void nvmove_remove(struct pci_dev *pdev)
{
	struct nvmove_device *ndev = nvmove_drvdata(pdev);

	vfio_pci_core_unregister_device(&ndev->core);
	nvmove_migrate_remove(ndev);
	vfio_put_device(&ndev->core.vdev);
}

static void nvmove_reset_prepare(struct pci_dev *pdev)
{
	nvmove_migrate_reset_prepare(nvmove_drvdata(pdev));
}

static void nvmove_reset_done(struct pci_dev *pdev)
{
	nvmove_migrate_reset_done(nvmove_drvdata(pdev));
}

static const struct pci_device_id nvmove_pci_table[] = {
	{
		PCI_DEVICE_CLASS(PCI_CLASS_STORAGE_EXPRESS, 0xffffff),
		.override_only = PCI_ID_F_VFIO_DRIVER_OVERRIDE,
	},
	{}
};
MODULE_DEVICE_TABLE(pci, nvmove_pci_table);

static const struct pci_error_handlers nvmove_error_handlers = {
	.reset_prepare = nvmove_reset_prepare,
	.reset_done = nvmove_reset_done,
	.error_detected = vfio_pci_core_aer_err_detected,
};

static struct pci_driver nvmove_pci_driver = {
	.name = "nvme-vfio-pci",
	.id_table = nvmove_pci_table,
	.probe = nvmove_probe,
	.remove = nvmove_remove,
	.err_handler = &nvmove_error_handlers,
	.groups = nvmove_controlled_groups,
	.dev_groups = nvmove_function_groups,
	.driver_managed_dma = true,
};

static int __init nvmove_module_init(void)
{
	int ret;

	ret = nvmove_controlling_init();
	if (ret)
		return ret;

	ret = pci_register_driver(&nvmove_pci_driver);
	if (ret)
		nvmove_controlling_exit();
	return ret;
}

static void __exit nvmove_module_exit(void)
{
	pci_unregister_driver(&nvmove_pci_driver);
	nvmove_controlled_exit();
	nvmove_controlling_exit();
}

module_init(nvmove_module_init);
module_exit(nvmove_module_exit);

MODULE_LICENSE("GPL");
MODULE_AUTHOR("The nvmove developers");
MODULE_DESCRIPTION("VFIO driver for NVMe functions with live migration");
MODULE_VERSION("0.1.0");
