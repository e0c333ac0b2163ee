// SPDX-License-Identifier: BSD-2-Clause
/*
 * VFIO group and container interface (type1 v2 IOMMU), which every stock kernel offers. It never
 * retries and never hides a failure: what the kernel refused reaches the caller.
 */
#include "vfio.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/pci_regs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "report.h"

/* Debian 12's kernel headers are older than this feature. */
#ifndef VFIO_DEVICE_FEATURE_MIG_DATA_SIZE
#define VFIO_DEVICE_FEATURE_MIG_DATA_SIZE 9
struct vfio_device_feature_mig_data_size {
	__aligned_u64 stop_copy_length;
};
#endif

#define FEATURE_DATA_MAX 64

static int group_number(const char *address)
{
	char path[128], target[256], *end;
	ssize_t length;
	long number;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group", address);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return fail("%s: no IOMMU group: %s", address, strerror(errno));
	target[length] = '\0';
	if (!strrchr(target, '/'))
		return fail("%s: IOMMU group link \"%s\" has no number", address, target);
	number = strtol(strrchr(target, '/') + 1, &end, 10);
	if (*end || number < 0 || number > 1 << 20)
		return fail("%s: IOMMU group link \"%s\" has no number", address, target);
	return (int)number;
}

static int attach_group(struct vfio_function *function, int number)
{
	struct vfio_group_status status = { .argsz = sizeof(status) };

	if (ioctl(function->group, VFIO_GROUP_GET_STATUS, &status))
		return fail("group %d: VFIO_GROUP_GET_STATUS: %s", number, strerror(errno));
	if (!(status.flags & VFIO_GROUP_FLAGS_VIABLE))
		return fail("group %d: not viable: a function in it is bound to another driver",
			    number);
	if (ioctl(function->group, VFIO_GROUP_SET_CONTAINER, &function->container))
		return fail("group %d: VFIO_GROUP_SET_CONTAINER: %s", number, strerror(errno));
	if (ioctl(function->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return fail("group %d: VFIO_SET_IOMMU type1 v2: %s", number, strerror(errno));
	return 0;
}

int vfio_open_group(struct vfio_function *function, const char *address)
{
	char path[64];
	int number;

	memset(function, 0, sizeof(*function));
	function->container = -1;
	function->group = -1;
	function->fd = -1;
	if (strlen(address) >= sizeof(function->address))
		return fail("PCI address \"%s\" is longer than %zu", address,
			    sizeof(function->address) - 1);
	strcpy(function->address, address);
	number = group_number(address);
	if (number < 0)
		return -1;
	function->container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	if (function->container < 0)
		return fail("/dev/vfio/vfio: %s", strerror(errno));
	snprintf(path, sizeof(path), "/dev/vfio/%d", number);
	function->group = open(path, O_RDWR | O_CLOEXEC);
	if (function->group < 0)
		return fail("%s of %s: %s", path, address, strerror(errno));
	return attach_group(function, number);
}

static int get_region(struct vfio_function *function, uint32_t index, struct vfio_region_info *info)
{
	memset(info, 0, sizeof(*info));
	info->argsz = sizeof(*info);
	info->index = index;
	if (ioctl(function->fd, VFIO_DEVICE_GET_REGION_INFO, info))
		return fail("%s: region %u: %s", function->address, index, strerror(errno));
	return 0;
}

static int map_registers(struct vfio_function *function)
{
	struct vfio_region_info info;
	void *registers;

	if (get_region(function, VFIO_PCI_BAR0_REGION_INDEX, &info))
		return -1;
	if (!(info.flags & VFIO_REGION_INFO_FLAG_MMAP) || info.size < 8192)
		return fail("%s: BAR0: flags %#x, %llu bytes: cannot be mapped or is too small",
			    function->address, info.flags, (unsigned long long)info.size);
	registers = mmap(NULL, info.size, PROT_READ | PROT_WRITE, MAP_SHARED, function->fd,
			 (off_t)info.offset);
	if (registers == MAP_FAILED)
		return fail("%s: mapping %llu bytes of BAR0: %s", function->address,
			    (unsigned long long)info.size, strerror(errno));
	function->bar0 = registers;
	function->bar0_size = info.size;
	return 0;
}

static int config_read(struct vfio_function *function, unsigned int offset, void *value,
		       size_t size)
{
	ssize_t done = pread(function->fd, value, size, (off_t)(function->config_offset + offset));

	if (done != (ssize_t)size)
		return fail("%s: configuration space %#x: read %zd of %zu bytes: %s",
			    function->address, offset, done, size,
			    done < 0 ? strerror(errno) : "short");
	return 0;
}

static int config_write(struct vfio_function *function, unsigned int offset, const void *value,
			size_t size)
{
	ssize_t done = pwrite(function->fd, value, size, (off_t)(function->config_offset + offset));

	if (done != (ssize_t)size)
		return fail("%s: configuration space %#x: wrote %zd of %zu bytes: %s",
			    function->address, offset, done, size,
			    done < 0 ? strerror(errno) : "short");
	return 0;
}

int vfio_command_register(struct vfio_function *function)
{
	uint16_t command;

	if (config_read(function, PCI_COMMAND, &command, sizeof(command)))
		return -1;
	return command;
}

int vfio_set_command_register(struct vfio_function *function, uint16_t value)
{
	return config_write(function, PCI_COMMAND, &value, sizeof(value));
}

int vfio_enable_memory_and_dma(struct vfio_function *function)
{
	int command = vfio_command_register(function);

	if (command < 0)
		return -1;
	return vfio_set_command_register(function, (uint16_t)command | PCI_COMMAND_MEMORY |
						   PCI_COMMAND_MASTER);
}

static int read_limits(struct vfio_function *function)
{
	struct vfio_irq_info irq = { .argsz = sizeof(irq), .index = VFIO_PCI_MSIX_IRQ_INDEX };
	struct vfio_region_info config;

	if (get_region(function, VFIO_PCI_CONFIG_REGION_INDEX, &config))
		return -1;
	function->config_offset = config.offset;
	if (ioctl(function->fd, VFIO_DEVICE_GET_IRQ_INFO, &irq))
		return fail("%s: MSI-X: %s", function->address, strerror(errno));
	function->max_vectors = irq.count;
	if (config_read(function, PCI_VENDOR_ID, &function->vendor_id, sizeof(uint16_t)))
		return -1;
	return config_read(function, PCI_DEVICE_ID, &function->device_id, sizeof(uint16_t));
}

int vfio_open_device(struct vfio_function *function)
{
	watchdog_begin("opening the device");
	function->fd = ioctl(function->group, VFIO_GROUP_GET_DEVICE_FD, function->address);
	if (function->fd < 0)
		return fail("%s: VFIO_GROUP_GET_DEVICE_FD: %s", function->address, strerror(errno));
	if (read_limits(function) || vfio_enable_memory_and_dma(function))
		return -1;
	return map_registers(function);
}

int vfio_map_dma(struct vfio_function *function, void *memory, size_t size, uint64_t iova)
{
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)memory,
		.iova = iova,
		.size = size,
	};

	if (ioctl(function->container, VFIO_IOMMU_MAP_DMA, &map))
		return fail("%s: mapping %zu bytes at IOVA %#llx: %s", function->address, size,
			    (unsigned long long)iova, strerror(errno));
	return 0;
}

static int set_irqs(struct vfio_function *function, uint32_t index, uint32_t flags,
		    const int *event, uint32_t count)
{
	_Alignas(struct vfio_irq_set) uint8_t
		request[sizeof(struct vfio_irq_set) + VFIO_MAX_VECTORS * sizeof(int32_t)];
	struct vfio_irq_set *set = (struct vfio_irq_set *)request;

	memset(request, 0, sizeof(request));
	set->argsz = (uint32_t)(sizeof(*set) + count * sizeof(int32_t));
	set->flags = flags | VFIO_IRQ_SET_ACTION_TRIGGER;
	set->index = index;
	set->count = count;
	if (count)
		memcpy(request + sizeof(*set), event, count * sizeof(int32_t));
	return ioctl(function->fd, VFIO_DEVICE_SET_IRQS, set) ? -errno : 0;
}

int vfio_enable_vectors(struct vfio_function *function, uint32_t count)
{
	int error;

	if (count > function->max_vectors || count > VFIO_MAX_VECTORS)
		return fail("%s: %u vectors wanted, function has %u, program handles %u",
			    function->address, count, function->max_vectors, VFIO_MAX_VECTORS);
	vfio_disable_vectors(function);
	for (uint32_t i = 0; i < count; i++) {
		function->event[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (function->event[i] < 0)
			return fail("eventfd of vector %u: %s", i, strerror(errno));
		function->nr_vectors = i + 1;
	}
	error = set_irqs(function, VFIO_PCI_MSIX_IRQ_INDEX, VFIO_IRQ_SET_DATA_EVENTFD,
			 function->event, count);
	if (error)
		return fail("%s: VFIO_DEVICE_SET_IRQS with %u vectors: %s", function->address,
			    count, strerror(-error));
	return 0;
}

static void close_events(struct vfio_function *function)
{
	for (uint32_t i = 0; i < function->nr_vectors; i++)
		close(function->event[i]);
	function->nr_vectors = 0;
}

void vfio_disable_vectors(struct vfio_function *function)
{
	int error;

	if (!function->nr_vectors)
		return;
	error = set_irqs(function, VFIO_PCI_MSIX_IRQ_INDEX, VFIO_IRQ_SET_DATA_NONE, NULL, 0);
	if (error)
		note("%s: switching MSI-X off: %s", function->address, strerror(-error));
	close_events(function);
}

int vfio_watch(struct vfio_function *function, uint32_t index)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int error;

	if (event < 0)
		return fail("eventfd: %s", strerror(errno));
	error = set_irqs(function, index, VFIO_IRQ_SET_DATA_EVENTFD, &event, 1);
	if (!error)
		return event;
	close(event);
	return fail("%s: watching event %u: %s", function->address, index, strerror(-error));
}

/* As when a VMM dies: nothing is switched off first. */
void vfio_close_device(struct vfio_function *function)
{
	if (function->fd < 0)
		return;
	watchdog_begin("closing the device");
	if (function->bar0)
		munmap((void *)function->bar0, function->bar0_size);
	function->bar0 = NULL;
	close(function->fd);
	function->fd = -1;
	close_events(function);
}

void vfio_close(struct vfio_function *function)
{
	vfio_close_device(function);
	if (function->group >= 0)
		close(function->group);
	if (function->container >= 0)
		close(function->container);
	function->group = -1;
	function->container = -1;
}

int vfio_reset(struct vfio_function *function)
{
	watchdog_begin("VFIO_DEVICE_RESET");
	if (ioctl(function->fd, VFIO_DEVICE_RESET))
		return fail("%s: VFIO_DEVICE_RESET: %s", function->address, strerror(errno));
	return vfio_enable_memory_and_dma(function);
}

static int find_express_capability(struct vfio_function *function, uint8_t *offset)
{
	uint8_t header[2];

	if (config_read(function, PCI_CAPABILITY_LIST, offset, 1))
		return -1;
	for (int hops = 0; *offset >= 0x40 && hops < 48; hops++) {
		if (config_read(function, *offset, header, sizeof(header)))
			return -1;
		if (header[0] == PCI_CAP_ID_EXP)
			return 0;
		*offset = header[1] & 0xfc;
	}
	return fail("%s: no PCI Express capability", function->address);
}

int vfio_guest_flr(struct vfio_function *function)
{
	uint16_t control;
	uint8_t express;

	watchdog_begin("FLR by the guest");
	if (find_express_capability(function, &express) ||
	    config_read(function, express + PCI_EXP_DEVCTL, &control, sizeof(control)))
		return -1;
	control |= PCI_EXP_DEVCTL_BCR_FLR;
	if (config_write(function, express + PCI_EXP_DEVCTL, &control, sizeof(control)))
		return -1;
	return vfio_enable_memory_and_dma(function);
}

int vfio_hot_reset(struct vfio_function *function)
{
	_Alignas(struct vfio_pci_hot_reset) uint8_t
		request[sizeof(struct vfio_pci_hot_reset) + sizeof(int32_t)] = { 0 };
	struct vfio_pci_hot_reset *reset = (struct vfio_pci_hot_reset *)request;

	watchdog_begin("VFIO_DEVICE_PCI_HOT_RESET");
	reset->argsz = sizeof(request);
	reset->count = 1;
	memcpy(request + sizeof(*reset), &function->group, sizeof(int32_t));
	if (ioctl(function->fd, VFIO_DEVICE_PCI_HOT_RESET, reset))
		return fail("%s: VFIO_DEVICE_PCI_HOT_RESET: %s", function->address,
			    strerror(errno));
	return vfio_enable_memory_and_dma(function);
}

int vfio_feature(struct vfio_function *function, uint32_t flags, void *data, size_t size)
{
	_Alignas(8) uint8_t request[sizeof(struct vfio_device_feature) + FEATURE_DATA_MAX] = { 0 };
	struct vfio_device_feature *feature = (struct vfio_device_feature *)request;

	if (size > FEATURE_DATA_MAX)
		return -E2BIG;
	feature->argsz = (uint32_t)(sizeof(*feature) + size);
	feature->flags = flags;
	memcpy(request + sizeof(*feature), data, size);
	if (ioctl(function->fd, VFIO_DEVICE_FEATURE, feature))
		return -errno;
	memcpy(data, request + sizeof(*feature), size);
	return 0;
}

int vfio_migration_flags(struct vfio_function *function, uint64_t *flags)
{
	struct vfio_device_feature_migration migration = { 0 };
	int error = vfio_feature(function, VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIGRATION,
				 &migration, sizeof(migration));

	*flags = migration.flags;
	return error;
}

int vfio_get_state(struct vfio_function *function)
{
	struct vfio_device_feature_mig_state state = { 0 };
	int error = vfio_feature(function,
				 VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
				 &state, sizeof(state));

	if (error)
		return fail("%s: reading the migration state: %s", function->address,
			    strerror(-error));
	return (int)state.device_state;
}

int vfio_try_state(struct vfio_function *function, uint32_t state, int *stream)
{
	struct vfio_device_feature_mig_state change = { .device_state = state, .data_fd = -1 };
	int error;

	watchdog_begin("migration state change");
	*stream = -1;
	error = vfio_feature(function,
			     VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE,
			     &change, sizeof(change));
	if (!error)
		*stream = change.data_fd;
	return error;
}

int vfio_set_state(struct vfio_function *function, uint32_t state, int *stream)
{
	int before = vfio_get_state(function);
	int error;

	if (before < 0)
		return -1;
	error = vfio_try_state(function, state, stream);
	if (error)
		return fail("%s: %s to %s: %s", function->address, vfio_state_name(before),
			    vfio_state_name((int)state), strerror(-error));
	return 0;
}

int vfio_try_stop_copy_size(struct vfio_function *function, uint64_t *bytes)
{
	struct vfio_device_feature_mig_data_size size = { 0 };
	int error = vfio_feature(function,
				 VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_MIG_DATA_SIZE, &size,
				 sizeof(size));

	*bytes = size.stop_copy_length;
	return error;
}

int64_t vfio_stop_copy_size(struct vfio_function *function)
{
	uint64_t bytes;
	int error = vfio_try_stop_copy_size(function, &bytes);

	if (error)
		return fail("%s: stop-copy size: %s", function->address, strerror(-error));
	return (int64_t)bytes;
}

int vfio_precopy_info(int stream, struct vfio_precopy_info *info)
{
	*info = (struct vfio_precopy_info){ .argsz = sizeof(*info), .flags = UINT32_MAX };
	return ioctl(stream, VFIO_MIG_GET_PRECOPY_INFO, info) ? -errno : 0;
}

int vfio_log_start(struct vfio_function *function, uint64_t *page_size,
		   const struct vfio_device_feature_dma_logging_range *range, uint32_t nr_ranges)
{
	struct vfio_device_feature_dma_logging_control control = {
		.page_size = *page_size,
		.num_ranges = nr_ranges,
		.ranges = (uintptr_t)range,
	};
	int error;

	watchdog_begin("starting the DMA log");
	error = vfio_feature(function,
			     VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_START,
			     &control, sizeof(control));
	if (!error)
		*page_size = control.page_size;
	return error;
}

int vfio_log_stop(struct vfio_function *function)
{
	uint8_t nothing = 0;

	watchdog_begin("stopping the DMA log");
	return vfio_feature(function,
			    VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP,
			    &nothing, 0);
}

int vfio_log_report(struct vfio_function *function, uint64_t iova, uint64_t length,
		    uint64_t page_size, uint64_t *bitmap)
{
	struct vfio_device_feature_dma_logging_report report = {
		.iova = iova,
		.length = length,
		.page_size = page_size,
		.bitmap = (uintptr_t)bitmap,
	};

	watchdog_begin("reading the DMA log");
	return vfio_feature(function,
			    VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT,
			    &report, sizeof(report));
}

const char *vfio_state_name(int state)
{
	static const char *const names[] = {
		"ERROR", "STOP", "RUNNING", "STOP_COPY", "RESUMING", "RUNNING_P2P", "PRE_COPY",
		"PRE_COPY_P2P",
	};

	if (state < 0 || (size_t)state >= sizeof(names) / sizeof(names[0]))
		return "no such state";
	return names[state];
}
