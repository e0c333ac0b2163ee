// SPDX-License-Identifier: BSD-2-Clause
/*
 * Loading a state that is the NVMe Controller State alone: the standard's I/O queues, for a
 * controller that keeps everything else. It judges nothing but sizes, those of the entries too: the
 * queues are put beside the vendor data that the controller has, and the two are loaded as any
 * whole state is.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "state_load.h"

static int check_sizes(struct load *load, const struct nvmove_cstate_header *header, size_t size)
{
	uint64_t nvme, vendor;

	if (size < sizeof(*header))
		return load_refuse(load, -EBADMSG, 0, "container: %zu bytes, header has %zu", size,
				   sizeof(*header));
	nvme = le64_to_cpu(header->nvme_dwords[0]);
	vendor = le64_to_cpu(header->vendor_dwords[0]);
	if (header->nvme_dwords[1] || nvme > NVMOVE_CSTATE_MAX / 4 || header->vendor_dwords[1] ||
	    vendor || sizeof(*header) + 4 * nvme != size)
		return load_refuse(
			load, -EBADMSG, 0,
			"container: %zu bytes, sizes of %lu and %lu dwords in its header", size,
			(unsigned long)nvme, (unsigned long)vendor);
	return 0;
}

/*
 * As for a queue that a command creates, the host has set the entry sizes before (Base 3.1.3.5). A
 * whole state brings CC along; here it is the controller's own.
 */
static int check_entry_sizes(struct load *load, const struct nvmove_cstate_nvme *head, size_t len)
{
	uint32_t cc = load->ctrl->st.cc;

	if (len < sizeof(*head) || (!head->nr_sq && !head->nr_cq) || !(cc & NVM_CC_EN) ||
	    (NVM_CC_IOSQES(cc) == 6 && NVM_CC_IOCQES(cc) == 4))
		return 0;
	return load_refuse(
		load, -ENOTSUP, 0,
		"entry sizes of I/O queues: 2^6 and 2^4 bytes in the stream, 2^%u and 2^%u by CC here",
		NVM_CC_IOSQES(cc), NVM_CC_IOCQES(cc));
}

/*
 * Make one state of @queues, @size bytes, and of @own, the controller's container with vendor data.
 */
static void join(uint8_t *whole, const void *queues, size_t size, const uint8_t *own,
		 size_t own_size)
{
	struct nvmove_cstate_header *header = (void *)whole;
	struct nvmove_cstate_vendor *vendor = (void *)(whole + size);
	size_t vendor_size = own_size - sizeof(*header);

	memcpy(whole, queues, size);
	memcpy(vendor, own + sizeof(*header), vendor_size);
	header->vendor_dwords[0] = cpu_to_le64(vendor_size / 4);
	vendor->nvme_crc = cpu_to_le32(nvmove_crc32c(0, whole, size));
	vendor->crc = 0;
	vendor->crc = cpu_to_le32(nvmove_crc32c(0, vendor, sizeof(*vendor)));
}

/*
 * nvmove_ctrl_load() of a state made of STATE_NVME alone.
 */
int state_load_queues(struct nvmove_ctrl *ctrl, const void *buf, size_t size,
		      struct nvmove_load_error *error)
{
	struct load load = { .ctrl = ctrl, .error = error };
	size_t own_size = state_size(ctrl, STATE_VENDOR);
	uint8_t *own, *whole;
	int err;

	err = check_sizes(&load, buf, size);
	if (!err)
		err = check_entry_sizes(&load, buf + sizeof(struct nvmove_cstate_header),
					size - sizeof(struct nvmove_cstate_header));
	if (err)
		return err;
	own = malloc(own_size);
	whole = malloc(size + own_size);
	if (own && whole) {
		state_save(ctrl, STATE_VENDOR, ctrl_now_ns(ctrl), own, own_size);
		join(whole, buf, size, own, own_size);
		err = state_load(ctrl, STATE_WHOLE, whole,
				 size + own_size - sizeof(struct nvmove_cstate_header), error);
	} else {
		err = load_refuse(&load, -ENOMEM, 0, "no memory for a state of %zu bytes",
				  size + own_size);
	}
	free(whole);
	free(own);
	return err;
}
