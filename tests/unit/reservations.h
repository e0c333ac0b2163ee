/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Hosts that share namespace 3 of the rig and reserve it: one call per reservation command, by the
 * fields of the specification, and what Reservation Report says by byte offset.
 */
#ifndef UNIT_RESERVATIONS_H
#define UNIT_RESERVATIONS_H

#include "harness.h"

#define NS	3u		/* the namespace that the hosts share */
#define NO_TYPE	0

/** struct host - a host on one controller, with one I/O queue pair */
struct host {
	struct driver *driver;
	struct queue_pair queue;
	uint8_t id[16];
};

static inline struct completion host_set_id(struct host *host, uint8_t byte)
{
	memset(host->id, byte, sizeof(host->id));
	return driver_write_page(host->driver, (struct command){
		.opcode = NVM_ADMIN_SET_FEATURES, .cdw10 = NVM_FEAT_HOST_ID, .cdw11 = 1,
	}, host->id, sizeof(host->id));
}

/** host_open() - a host on enabled controller @index, with @byte in its identifier; 0: without */
static inline void host_open(struct rig *rig, unsigned int index, struct host *host, uint8_t byte)
{
	memset(host, 0, sizeof(*host));
	host->driver = rig->driver[index];
	driver_create_queue(host->driver, &host->queue, 1, 32, 1);
	if (byte)
		assert_success(host_set_id(host, byte));
}

/** hosts_open() - controllers 0 to 2 are used by the hosts 1 to 3, in this order */
static inline struct rig *hosts_open(struct host host[3])
{
	struct rig *rig = rig_new_secondaries(NULL, 2);

	for (unsigned int i = 0; i < 3; i++)
		host_open(rig, i, &host[i], i + 1);
	return rig;
}

static inline struct completion host_command(struct host *host, unsigned int opcode, uint32_t nsid,
					     uint32_t cdw10, uint64_t current, uint64_t other)
{
	uint8_t keys[16];

	put64(keys, 0, current);
	put64(keys, 8, other);
	guest_write(host->driver->memory, host->driver->scratch, keys, sizeof(keys));
	return COMMAND(&host->queue, .opcode = opcode, .nsid = nsid, .cdw10 = cdw10,
		       .prp1 = host->driver->scratch);
}

static inline struct completion host_register(struct host *host, uint64_t key)
{
	return host_command(host, 0x0d, NS, 0, 0, key);
}

static inline struct completion host_unregister(struct host *host, uint64_t key)
{
	return host_command(host, 0x0d, NS, 1, key, 0);
}

static inline struct completion host_acquire(struct host *host, unsigned int type, uint64_t key)
{
	return host_command(host, 0x11, NS, type << 8, key, 0);
}

static inline struct completion host_preempt(struct host *host, unsigned int type, uint64_t key,
					     uint64_t preempted)
{
	return host_command(host, 0x11, NS, type << 8 | 1, key, preempted);
}

static inline struct completion host_release(struct host *host, unsigned int type, uint64_t key)
{
	return host_command(host, 0x15, NS, type << 8, key, 0);
}

static inline struct completion host_clear(struct host *host, uint64_t key)
{
	return host_command(host, 0x15, NS, 1, key, 0);
}

static inline struct completion host_io(struct host *host, unsigned int opcode)
{
	struct buffer *buffer = buffer_new(host->driver, 512);

	return queue_rw(&host->queue, opcode, NS, 0, 1, buffer);
}

/** struct report - Reservation Report, extended; entries beyond the registrants are zero */
struct report {
	uint8_t data[PAGE];
};

static inline struct report host_report(struct host *host)
{
	struct report report;
	struct completion completion;

	guest_fill(host->driver->memory, host->driver->scratch, 0, PAGE);
	completion = COMMAND(&host->queue, .opcode = 0x0e, .nsid = NS, .cdw10 = PAGE / 4 - 1,
			     .cdw11 = 1, .prp1 = host->driver->scratch);
	assert_success(completion);
	guest_read(host->driver->memory, host->driver->scratch, report.data, PAGE);
	return report;
}

static inline uint32_t report_generation(const struct report *report)
{
	return get32(report->data, 0);
}

static inline unsigned int report_type(const struct report *report)
{
	return report->data[4];
}

static inline unsigned int report_registrants(const struct report *report)
{
	return get16(report->data, 5);
}

/** report_find() - offset of the entry of the host whose identifier is of @byte, 0 if there is none */
static inline size_t report_find(const struct report *report, uint8_t byte)
{
	for (unsigned int i = 0; i < report_registrants(report); i++) {
		if (report->data[64 + i * 64 + 16] == byte)
			return 64 + i * 64;
	}
	return 0;
}

/** assert_registrant() - host @byte is registered with @key, and holds the reservation or not */
static inline void assert_registrant(const struct report *report, uint8_t byte, uint64_t key,
				     unsigned int holds)
{
	size_t at = report_find(report, byte);

	assert_int_not_equal(at, 0);
	assert_int_equal(get64(report->data, at + 8), key);
	assert_int_equal(report->data[at + 2], holds);
}

/** assert_state() - type held, generation and number of registrants, seen by @host */
static inline void assert_state(struct host *host, unsigned int type, uint32_t generation,
				unsigned int registrants)
{
	struct report report = host_report(host);

	assert_int_equal(report_type(&report), type);
	assert_int_equal(report_generation(&report), generation);
	assert_int_equal(report_registrants(&report), registrants);
}

static inline uint32_t host_ptpl(struct host *host)
{
	struct completion completion = driver_get_feature(host->driver, 0x83, 0, NS, 0);

	assert_success(completion);
	return completion.dw0;
}

#endif /* UNIT_RESERVATIONS_H */
