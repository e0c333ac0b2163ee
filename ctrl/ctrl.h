/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * libnvmove-ctrl: an NVMe subsystem of one primary and many secondary controllers that can be
 * suspended, saved, loaded and resumed. This is the only header an embedder needs. The library does
 * no I/O of its own: host memory, interrupts, time and scheduling reach it through struct
 * nvmove_host_ops, data through struct nvmove_medium (media/medium.h).
 *
 * Everything is single-threaded per subsystem: the embedder calls in, and is called back, under one
 * lock or from one event loop. No call blocks except where its documentation says so, and no
 * callback may call back into the library unless its documentation says so.
 */
#ifndef NVMOVE_CTRL_H
#define NVMOVE_CTRL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "compat_check.h"

struct nvmove_subsystem;
struct nvmove_vsubsystem;
struct nvmove_ctrl;
struct nvmove_medium;

/**
 * enum nvmove_dma_direction - who writes
 * @NVMOVE_DMA_TO_DEVICE: the controller reads host memory
 * @NVMOVE_DMA_FROM_DEVICE: the controller writes host memory
 */
enum nvmove_dma_direction {
	NVMOVE_DMA_TO_DEVICE,
	NVMOVE_DMA_FROM_DEVICE,
};

/**
 * struct nvmove_host_ops - what a controller asks of the PCI function that carries it
 * @dma_map: make @len bytes of host memory at bus address @addr directly accessible. May shorten
 *	@len (not to 0). Returns NULL where the range cannot be mapped; the library then falls back
 *	to @dma_read and @dma_write. May be NULL
 * @dma_unmap: end a mapping; @ptr and @len are those that @dma_map returned, @dir as given to it,
 *	@written says how many bytes from @ptr on the controller has written. NULL iff @dma_map is
 * @dma_read: copy from host memory; 0, or a negative errno when any byte could not be read
 * @dma_write: copy to host memory; 0, or a negative errno. A completion queue entry is written by
 *	one call of 16 bytes on a 16-byte boundary: its last four bytes must become visible to the
 *	host's processors last. A Controller Data Queue entry is written by two such calls, and what
 *	a call writes becomes visible after what the calls before it wrote. A shadow doorbell or its
 *	event index is 4 bytes on a 4-byte boundary: they are read and written at once, and a read
 *	that follows a write sees what the host's processors stored before they could see that
 *	write, as on PCI Express, where reads push writes
 * @irq: signal interrupt vector @vector once (an MSI-X message; masking and the pending bit of
 *	MSI-X are the function's business)
 * @schedule: the controller has work: call nvmove_ctrl_run() soon, but not from inside this
 *	callback. Called at most once per nvmove_ctrl_run()
 * @now_ns: monotonic time in nanoseconds
 * @timer: call nvmove_ctrl_timer() once when @now_ns reaches @deadline_ns, replacing any earlier
 *	request; UINT64_MAX cancels
 * @log: one line for the administrator, without newline
 *
 * @fn is the opaque pointer given to nvmove_ctrl_bind().
 */
struct nvmove_host_ops {
	void *(*dma_map)(void *fn, uint64_t addr, size_t *len, enum nvmove_dma_direction dir);
	void (*dma_unmap)(void *fn, void *ptr, size_t len, enum nvmove_dma_direction dir,
			  size_t written);
	int (*dma_read)(void *fn, uint64_t addr, void *buf, size_t len);
	int (*dma_write)(void *fn, uint64_t addr, const void *buf, size_t len);
	void (*irq)(void *fn, unsigned int vector);
	void (*schedule)(void *fn);
	uint64_t (*now_ns)(void *fn);
	void (*timer)(void *fn, uint64_t deadline_ns);
	void (*log)(void *fn, const char *message);
};

struct nvmove_namespace_config;

/**
 * struct nvmove_pool_ops - where namespaces that a host creates get their media from
 * @create: make a medium of at least @bytes bytes that reads as zeroes, and put it into
 *	@config->medium. @config says what is asked for (nsid, LBA size); @create may add a locator
 *	and identifiers, which stay its own until the next call. It is short: a sparse file, an
 *	allocation.
 *	Return: 0, -ENOSPC if there is no room, another negative errno
 * @destroy: the namespace was deleted by its host: release @medium and its data. Nothing is under
 *	way
 *
 * Both are called from inside nvmove_ctrl_run() or a reset, and may not call the library.
 */
struct nvmove_pool_ops {
	int (*create)(void *arg, uint64_t bytes, struct nvmove_namespace_config *config);
	void (*destroy)(void *arg, struct nvmove_medium *medium);
};

/**
 * struct nvmove_pool - capacity for the Namespace Management command
 * @ops: must outlive the subsystem
 * @arg: for @ops
 * @bytes: capacity; what namespaces of the pool may have together
 */
struct nvmove_pool {
	const struct nvmove_pool_ops *ops;
	void *arg;
	uint64_t bytes;
};

/* Migration commands that a primary speaks, for struct nvmove_subsystem_config */
#define NVMOVE_PROTOCOL_RFC	(1u << 0)	/* docs/rfc-protocol.md */
#define NVMOVE_PROTOCOL_HMLM	(1u << 1)	/* the standard's: docs/hmlm-protocol.md */

/* Limits of struct nvmove_subsystem_config */
#define NVMOVE_MAX_SECONDARY	127
#define NVMOVE_MAX_IO_QUEUES	65535

/**
 * struct nvmove_subsystem_config - identity and size of a subsystem, copied by
 * nvmove_subsystem_new()
 * @subnqn: NVM subsystem qualified name, "nqn." first, at most 223 characters
 * @serial: serial number, 1 to 20 printable ASCII characters
 * @model: model number, 1 to 40 printable ASCII characters
 * @firmware: firmware revision, 1 to 8 printable ASCII characters
 * @vendor_id: PCI vendor id of the functions
 * @subsystem_vendor_id: PCI subsystem vendor id
 * @ieee_oui: 24-bit organisation id
 * @first_cntlid: controller id of the primary; controller n has @first_cntlid + n. The
 *	last must stay below FFF0h
 * @num_secondary: secondary controllers behind VFs of the primary's function; with those of
 *	@num_secondary_pfs 0 to NVMOVE_MAX_SECONDARY
 * @num_secondary_pfs: further secondary controllers, each behind a physical function of its own
 * @max_io_queues: I/O queue pairs per controller, 1 to NVMOVE_MAX_IO_QUEUES
 * @max_queue_entries: entries per queue, 2 to 65536
 * @max_vectors: interrupt vectors per controller, 1 to 2048
 * @mdts: maximum data transfer size as a power of two in units of 4 KiB, 1 to 8
 * @num_namespaces: highest namespace id that can exist, 1 to 1024
 * @protocols: migration commands that the primary speaks if there are secondaries,
 *	NVMOVE_PROTOCOL_*; 0: none. What is left out is not advertised, and refused as if it did not
 *	exist
 * @pool: copied; NULL: there is none, so a host can delete and attach namespaces but create none
 */
struct nvmove_subsystem_config {
	const char *subnqn;
	const char *serial;
	const char *model;
	const char *firmware;
	uint16_t vendor_id;
	uint16_t subsystem_vendor_id;
	uint32_t ieee_oui;
	uint16_t first_cntlid;
	unsigned int num_secondary;
	unsigned int num_secondary_pfs;
	unsigned int max_io_queues;
	unsigned int max_queue_entries;
	unsigned int max_vectors;
	unsigned int mdts;
	unsigned int num_namespaces;
	unsigned int protocols;
	const struct nvmove_pool *pool;
};

/**
 * nvmove_subsystem_config_default() - fill in every field but the identity
 * @config: receives the defaults; @subnqn and @serial become NULL and must be set
 */
void nvmove_subsystem_config_default(struct nvmove_subsystem_config *config);

/**
 * nvmove_subsystem_new() - create a subsystem with all its controllers
 * @config: what to create
 * @error: receives, on failure, a message that names the field and its value; owned by the caller,
 *	to be freed. May be NULL
 *
 * The primary is online, every secondary offline (Base 8.26). Controllers do nothing before they
 * are bound to a function.
 *
 * Return: the subsystem, or NULL.
 */
struct nvmove_subsystem *nvmove_subsystem_new(const struct nvmove_subsystem_config *config,
					      char **error);

/**
 * nvmove_subsystem_free() - destroy a subsystem and its controllers; the media stay the caller's,
 *	also those that the pool has created and not yet been told to destroy
 * @subsystem: may be NULL. Waits for media operations under way
 */
void nvmove_subsystem_free(struct nvmove_subsystem *subsystem);

/**
 * nvmove_subsystem_ctrl() - a controller by number
 * @subsystem: subsystem
 * @index: 0 for the primary, n for the secondary behind VF n, then those behind functions of their
 *	own
 *
 * Return: the controller, or NULL if there are fewer.
 */
struct nvmove_ctrl *nvmove_subsystem_ctrl(struct nvmove_subsystem *subsystem, unsigned int index);

/**
 * nvmove_subsystem_set_vfs() - follow VF Enable and NumVFs of the primary's SR-IOV capability
 * @subsystem: subsystem
 * @num_vfs: functions that exist now; 0 when VF Enable is clear
 *
 * Secondaries whose function is gone are reset and taken offline (Base 8.26). Those that are behind
 * no VF exist always.
 */
void nvmove_subsystem_set_vfs(struct nvmove_subsystem *subsystem, unsigned int num_vfs);

/**
 * enum nvmove_identity_policy - what a member does with the identity of a state that it loads
 * @NVMOVE_IDENTITY_CHECK: it must equal its own, field by field
 * @NVMOVE_IDENTITY_ADOPT: it is taken over, with the limits and resources, where the device can do
 *	that and the controller is the only member of its virtual subsystem; what the device cannot
 *	do, and what no configuration changes (struct nvmove_cstate_identity says which), is refused
 */
enum nvmove_identity_policy {
	NVMOVE_IDENTITY_CHECK,
	NVMOVE_IDENTITY_ADOPT,
};

/**
 * struct nvmove_vsubsystem_config - a virtual subsystem, copied by nvmove_vsubsystem_new()
 * @subnqn: NVM subsystem qualified name, "nqn." first, at most 223 characters
 * @serial: serial number, 1 to 20 printable ASCII characters
 * @model: model number, 1 to 40 printable ASCII characters
 * @firmware: firmware revision, 1 to 8 printable ASCII characters
 * @vendor_id: PCI vendor id that Identify reports
 * @subsystem_vendor_id: PCI subsystem vendor id that Identify reports
 * @ieee_oui: 24-bit organisation id
 * @max_io_queues: I/O queue pairs that a member can be given, 1 to the device's
 * @max_queue_entries: entries per queue, 2 to the device's
 * @max_vectors: interrupt vectors that a member can be given, 1 to the device's
 * @mdts: maximum data transfer size as a power of two in units of 4 KiB, 1 to the device's
 * @num_namespaces: highest namespace id that a host can see, 1 to the device's
 * @oacs: optional admin commands, bits as in Identify Controller OACS, of the device's
 * @oncs: optional I/O commands and features, bits as in Identify Controller ONCS, of the device's
 * @volatile_write_cache: there is one, and the feature that controls it. Without it every write is
 *	durable when it completes
 * @policy: what a member does with the identity of a state that it loads
 *
 * What is left out is not advertised, neither by Identify nor by the logs of supported commands and
 * features, and refused: a command with Invalid Command Opcode, a feature or field with Invalid
 * Field.
 */
struct nvmove_vsubsystem_config {
	const char *subnqn;
	const char *serial;
	const char *model;
	const char *firmware;
	uint16_t vendor_id;
	uint16_t subsystem_vendor_id;
	uint32_t ieee_oui;
	unsigned int max_io_queues;
	unsigned int max_queue_entries;
	unsigned int max_vectors;
	unsigned int mdts;
	unsigned int num_namespaces;
	uint16_t oacs;
	uint16_t oncs;
	bool volatile_write_cache;
	enum nvmove_identity_policy policy;
};

/**
 * nvmove_vsubsystem_config_default() - the device's own identity and everything that it can do
 * @subsystem: device
 * @config: receives the values; the strings are the device's and valid as long as it is
 */
void nvmove_vsubsystem_config_default(const struct nvmove_subsystem *subsystem,
				      struct nvmove_vsubsystem_config *config);

/**
 * nvmove_vsubsystem_new() - create a virtual subsystem without members
 * @subsystem: device that it is a part of
 * @config: identity and feature set; nothing in it may exceed the device
 * @error: as for nvmove_subsystem_new()
 *
 * An identity that exists on two devices, and is shown by one of them at a time, is what lets a
 * guest move between them without noticing (R2, R12). Controllers that joined none have the
 * device's own.
 *
 * Return: the virtual subsystem, or NULL. It is freed with @subsystem, or before.
 */
struct nvmove_vsubsystem *nvmove_vsubsystem_new(struct nvmove_subsystem *subsystem,
						const struct nvmove_vsubsystem_config *config,
						char **error);

/**
 * nvmove_vsubsystem_free() - destroy a virtual subsystem
 * @vsubsystem: may be NULL. Members that are left are taken offline and get the device's identity
 */
void nvmove_vsubsystem_free(struct nvmove_vsubsystem *vsubsystem);

/**
 * nvmove_vsubsystem_config() - what a virtual subsystem is now, after what it has adopted
 * @vsubsystem: virtual subsystem
 * @config: receives the values; the strings are valid until the next load of a member's state
 */
void nvmove_vsubsystem_config(const struct nvmove_vsubsystem *vsubsystem,
			      struct nvmove_vsubsystem_config *config);

/**
 * nvmove_ctrl_join() - make a secondary controller a member of a virtual subsystem
 * @ctrl: offline secondary; it leaves the one that it was a member of
 * @vsubsystem: virtual subsystem of the same device; NULL: leave, and have the device's own
 *	identity
 * @cntlid: controller id that its host will see, below FFF0h and no other member's; not used if
 *	@vsubsystem is NULL
 * @error: as for nvmove_subsystem_new()
 *
 * The primary goes on addressing the controller by nvmove_ctrl_cntlid(): in the Secondary
 * Controller List, in Virtualization Management and in migration commands. No host of a member ever
 * sees that id.
 *
 * Return: 0, -EBUSY if it is online, -EINVAL for the primary, for a bad @cntlid and where its
 * resources or attached namespaces exceed the virtual subsystem's limits, -EEXIST if another member
 * has @cntlid.
 */
int nvmove_ctrl_join(struct nvmove_ctrl *ctrl, struct nvmove_vsubsystem *vsubsystem,
		     uint16_t cntlid, char **error);

/**
 * struct nvmove_namespace_config - a namespace, copied by nvmove_namespace_add()
 * @nsid: namespace id, 1 to num_namespaces of the subsystem
 * @lba_shift: log2 of the logical block size, 9 or 12
 * @medium: where the data lives; not owned, must outlive the subsystem. Its size, rounded down to
 *	whole blocks, is the namespace's
 * @uuid: namespace UUID (RFC 4122 order); all zero: derived from the subsystem's NQN and @nsid, so
 *	that two subsystems of one NQN agree
 * @nguid: namespace globally unique identifier; all zero: none
 * @eui64: extended unique identifier; all zero: none
 * @locator: where the data lives, in words that mean the same on every host that shares it: 1 to
 *	NVMOVE_MAX_LOCATOR printable ASCII characters. A state is refused if it names another place.
 *	NULL: not known, compared with nothing
 * @is_private: attached to one controller at a time (NMIC bit 0 clear); else it can be shared
 */
struct nvmove_namespace_config {
	uint32_t nsid;
	unsigned int lba_shift;
	struct nvmove_medium *medium;
	uint8_t uuid[16];
	uint8_t nguid[16];
	uint8_t eui64[8];
	const char *locator;
	bool is_private;
};

#define NVMOVE_MAX_LOCATOR	255

/**
 * nvmove_namespace_add() - create a namespace, attached to no controller
 * @subsystem: subsystem
 * @config: what to create
 * @error: as for nvmove_subsystem_new()
 *
 * Return: 0, -EEXIST if the id is in use or its namespace is still being deleted, -EINVAL for a bad
 * field, -ENOMEM.
 */
int nvmove_namespace_add(struct nvmove_subsystem *subsystem,
			 const struct nvmove_namespace_config *config, char **error);

/**
 * nvmove_namespace_attach() - attach a namespace to a controller, whose host sees it under the same
 * id
 * @ctrl: controller
 * @nsid: namespace id
 *
 * An enabled controller reports a Namespace Attribute Changed event where its host asked for it.
 *
 * Return: 0, -ENOENT if there is no such namespace, -EALREADY if it is attached, -EBUSY if it is
 * private and attached to another controller, -EINVAL if the controller's virtual subsystem has no
 * such id, -EEXIST if its host sees another under that id.
 */
int nvmove_namespace_attach(struct nvmove_ctrl *ctrl, uint32_t nsid);

/**
 * nvmove_namespace_attach_as() - attach a namespace under an id of the host's view
 * @ctrl: controller; the primary sees every namespace under its own id
 * @nsid: namespace id in the device, as in struct nvmove_namespace_config
 * @as_nsid: id under which the controller's host sees it, 1 to num_namespaces of the controller's
 *	virtual subsystem
 * @error: as for nvmove_subsystem_new()
 *
 * A migrating guest goes on naming its namespaces as it did, so the destination must show each
 * under the id that it had at the source, whatever id the destination's device has for it (R2).
 *
 * Return: as nvmove_namespace_attach().
 */
int nvmove_namespace_attach_as(struct nvmove_ctrl *ctrl, uint32_t nsid, uint32_t as_nsid,
			       char **error);

/**
 * nvmove_namespace_detach() - detach a namespace from a controller
 * @ctrl: controller
 * @nsid: namespace id in the device, whatever id the controller's host sees
 *
 * Commands under way complete; later ones fail.
 *
 * Return: 0, -ENOENT if there is no such namespace or it is not attached.
 */
int nvmove_namespace_detach(struct nvmove_ctrl *ctrl, uint32_t nsid);

/**
 * nvmove_ctrl_bind() - connect a controller to its PCI function
 * @ctrl: controller
 * @ops: callbacks, must outlive the controller; NULL disconnects, after a reset by
 *	nvmove_ctrl_reset()
 * @fn: opaque pointer for the callbacks
 */
void nvmove_ctrl_bind(struct nvmove_ctrl *ctrl, const struct nvmove_host_ops *ops, void *fn);

/**
 * nvmove_ctrl_cntlid() - controller id in the device, by which the primary addresses the
 * controller; a
 *	member of a virtual subsystem has another one in the eyes of its host
 * @ctrl: controller
 */
uint16_t nvmove_ctrl_cntlid(const struct nvmove_ctrl *ctrl);

/**
 * nvmove_ctrl_bar_size() - bytes of BAR0 that the controller decodes, a power of two of at least
 *	8 KiB. It holds no MSI-X table
 * @ctrl: controller
 */
uint64_t nvmove_ctrl_bar_size(const struct nvmove_ctrl *ctrl);

/**
 * nvmove_ctrl_read() - the host reads a property (Base 3.1.3)
 * @ctrl: controller
 * @offset: byte offset in BAR0
 * @size: 1, 2, 4 or 8 bytes
 *
 * Return: the value; 0 for offsets without a property and for doorbells.
 */
uint64_t nvmove_ctrl_read(struct nvmove_ctrl *ctrl, uint64_t offset, unsigned int size);

/**
 * nvmove_ctrl_write() - the host writes a property or a doorbell
 * @ctrl: controller
 * @offset: byte offset in BAR0
 * @value: value, @size low bytes
 * @size: 4 or 8 bytes; anything else is ignored, as Base 3.1.3 allows
 */
void nvmove_ctrl_write(struct nvmove_ctrl *ctrl, uint64_t offset, uint64_t value,
		       unsigned int size);

/**
 * nvmove_ctrl_run() - fetch and execute commands, post completions
 * @ctrl: controller
 *
 * Does a bounded amount of work and calls schedule() when some is left.
 */
void nvmove_ctrl_run(struct nvmove_ctrl *ctrl);

/**
 * nvmove_ctrl_timer() - the time asked for by timer() has come
 * @ctrl: controller
 */
void nvmove_ctrl_timer(struct nvmove_ctrl *ctrl);

/**
 * enum nvmove_reset - controller level resets (Base 3.7.2) that come from outside the registers
 * @NVMOVE_RESET_FLR: function level reset
 * @NVMOVE_RESET_CONVENTIONAL: PCI conventional reset, power on: also forgets what is volatile
 *	across resets
 */
enum nvmove_reset {
	NVMOVE_RESET_FLR,
	NVMOVE_RESET_CONVENTIONAL,
};

/**
 * nvmove_ctrl_reset() - reset a controller
 * @ctrl: controller
 * @kind: which reset
 *
 * When it returns the controller is disabled, not suspended, and has no DMA under way: it waits for
 * the media operations that were. Resetting the primary takes its secondaries offline.
 */
void nvmove_ctrl_reset(struct nvmove_ctrl *ctrl, enum nvmove_reset kind);

/*
 * Live migration. These calls know no protocol; lm/rfc.c and lm/hmlm.c decode commands into them,
 * and firmware with another transport may call them directly.
 */

/**
 * typedef nvmove_suspend_fn - a suspend has ended
 * @arg: as given to nvmove_ctrl_suspend()
 * @status: 0 suspended; -ECANCELED a reset of the controller came in between
 */
typedef void nvmove_suspend_fn(void *arg, int status);

/**
 * nvmove_ctrl_suspend() - stop fetching, complete what was fetched, start no DMA after that
 * @ctrl: controller
 * @done: called when it is suspended, possibly before this returns
 * @arg: for @done
 *
 * Outstanding Asynchronous Event Requests stay outstanding. Registers go on working; doorbells are
 * noted. It lasts until nvmove_ctrl_resume() or a reset of the controller or of its primary. A
 * suspended controller is no error (Base 2.3, 5.2.16).
 *
 * Return: 0, -EBUSY if another suspend of this controller is under way, -EINVAL for the primary,
 * which drives migrations and is never migrated.
 */
int nvmove_ctrl_suspend(struct nvmove_ctrl *ctrl, nvmove_suspend_fn *done, void *arg);

/**
 * nvmove_ctrl_is_suspended() - whether a suspend has completed and still holds
 * @ctrl: controller
 */
bool nvmove_ctrl_is_suspended(const struct nvmove_ctrl *ctrl);

/**
 * nvmove_ctrl_resume() - go on where it was suspended
 * @ctrl: controller
 *
 * Raises the vector of every completion queue that has interrupts enabled and unread entries: a
 * spurious interrupt is harmless, a lost one hangs a guest.
 *
 * Return: 0, -EINVAL if it is not suspended, -EBUSY if a state was sent and not committed.
 */
int nvmove_ctrl_resume(struct nvmove_ctrl *ctrl);

/**
 * nvmove_ctrl_state_size() - bytes that nvmove_ctrl_save() would write now
 * @ctrl: controller; exact if it is suspended, else an estimate
 */
size_t nvmove_ctrl_state_size(const struct nvmove_ctrl *ctrl);

/**
 * nvmove_ctrl_save() - write the whole state (docs/controller-state.md)
 * @ctrl: suspended controller
 * @buf: receives the state
 * @size: bytes that fit into @buf
 *
 * Return: bytes written, -EINVAL if it is not suspended, -ENOSPC if @buf is too small.
 */
long nvmove_ctrl_save(struct nvmove_ctrl *ctrl, void *buf, size_t size);

/**
 * struct nvmove_load_error - why a state was refused
 * @section: section at fault (enum nvmove_cstate_type), 0 for the container
 * @text: names the field and both values
 */
struct nvmove_load_error {
	uint16_t section;
	char text[240];
};

/**
 * nvmove_ctrl_load() - replace the state of a suspended controller
 * @ctrl: suspended controller
 * @buf: state, untrusted, on a 4-byte boundary
 * @size: bytes in @buf
 * @error: receives the reason on failure; not NULL
 *
 * All of it is checked before any of it takes effect: on failure the controller is as it was.
 *
 * Return: 0, -EINVAL if it is not suspended, -EBADMSG for a state that is malformed, -ENOTSUP for
 * one that this controller cannot take, -ENOMEM.
 */
int nvmove_ctrl_load(struct nvmove_ctrl *ctrl, const void *buf, size_t size,
		     struct nvmove_load_error *error);

/**
 * nvmove_ctrl_compat_size() - bytes that nvmove_ctrl_compat_record() would write now
 * @ctrl: controller
 */
size_t nvmove_ctrl_compat_size(const struct nvmove_ctrl *ctrl);

/**
 * nvmove_ctrl_compat_record() - write what a controller is and what it could be (nvmove/compat.h)
 * @ctrl: secondary controller, online with the resources and namespaces that it is going to have;
 *	otherwise in any state
 * @buf: receives the record
 * @size: bytes that fit into @buf
 *
 * The record of one controller and that of another tell nvmove_compat_check() whether the latter
 * can take the former's state.
 *
 * Return: bytes written, -EINVAL for the primary, which is never migrated, -ENOSPC if @buf is too
 * small.
 */
long nvmove_ctrl_compat_record(const struct nvmove_ctrl *ctrl, void *buf, size_t size);

#endif /* NVMOVE_CTRL_H */
