/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the driver's files share: the device, the table of a command protocol, the state machine's
 * and the streams' entry points. See docs/driver.md for the locking.
 */
#ifndef NVMOVE_NVME_VFIO_PCI_H
#define NVMOVE_NVME_VFIO_PCI_H

#include <linux/atomic.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/vfio_pci_core.h>
#include <linux/wait.h>

#include "dirty-ranges.h"

struct nvme_command;
struct nvme_id_ctrl;
struct nvmove_device;
struct nvmove_dma_log;
struct nvmove_stream;

/**
 * struct nvmove_piece - a piece of a controller's state on its way
 * @data: its bytes; kmalloc or vmalloc memory
 * @offset: where it lies in the state, in bytes, a multiple of 4
 * @length: bytes of it, a multiple of 4, at most nvmove_controlling_max_transfer()
 * @state_size: bytes of the whole state
 */
struct nvmove_piece {
	void *data;
	u32 offset;
	u32 length;
	u32 state_size;
};

/**
 * struct nvmove_proto_ops - one command protocol, all on the controlling function
 * @name: as it stands in messages
 * @stream_id: enum nvmove_stream_protocol
 * @speaks: does the controlling function, of which @id is the Identify Controller data, speak this
 *	protocol about @ndev? Sends no command
 * @probe: can @ndev be migrated under this protocol? Fills in the protocol's part of @ndev and
 *	returns 0, or says why not and returns a negative errno
 * @suspend: drain the controller and stop its DMA
 * @resume: undo @suspend; -EALREADY, without a message, if the controller was not suspended
 * @state_size: size in bytes of the controller's state
 * @save: read a piece of the state; the controller is suspended. Pieces go in ascending order
 *	without gaps, offset 0 starts over. -ESTALE if the controller turns out not to have been
 *	suspended while the piece was read
 * @is_vacant: can the suspended controller take a state? 1 if so, 0 if it has to be disabled
 *	before. NULL: always
 * @load: write a piece of the state, likewise; the piece that completes the state commits it
 * @track_start: have every write of the controller to the memory that @request names recorded.
 *	-ENOSPC if the device cannot do so much, with what it could do in @nr_ranges and @min_shift
 *	of @limits; -EBUSY if the controller is suspended. NULL, as the next two: the protocol has
 *	no tracking
 * @track_stop: forget the record and make no more
 * @track_report: move a part of the record into @changes, zeroed kmalloc or vmalloc memory of
 *	@length bytes, a multiple of 4. What comes is not judged
 *
 * All may sleep. From @suspend on they return 0 or more, -ENODEV if the command was not sent,
 * -EREMOTEIO if the device refused it, -EPROTO if its answer cannot be, another negative errno if
 * nobody knows whether it was carried out; they say what went wrong. A refused @suspend or @resume
 * has changed nothing, a refused @load may have spoilt the controller's state.
 */
struct nvmove_proto_ops {
	const char *name;
	u16 stream_id;
	bool (*speaks)(const struct nvmove_device *ndev, const struct nvme_id_ctrl *id);
	int (*probe)(struct nvmove_device *ndev, const struct nvme_id_ctrl *id);
	int (*suspend)(struct nvmove_device *ndev);
	int (*resume)(struct nvmove_device *ndev);
	int (*state_size)(struct nvmove_device *ndev, u32 *size);
	int (*save)(struct nvmove_device *ndev, const struct nvmove_piece *piece);
	int (*is_vacant)(struct nvmove_device *ndev);
	int (*load)(struct nvmove_device *ndev, const struct nvmove_piece *piece);
	int (*track_start)(struct nvmove_device *ndev, struct nvmove_hmlm_memory_request *request,
			   u32 length, struct dirty_limits *limits);
	int (*track_stop)(struct nvmove_device *ndev);
	int (*track_report)(struct nvmove_device *ndev, struct nvmove_hmlm_memory_changes *changes,
			    u32 length);
};

extern const struct nvmove_proto_ops nvmove_hmlm_ops;
extern const struct nvmove_proto_ops nvmove_rfc_ops;

/**
 * enum nvmove_statistic - what is counted of a function since it was bound
 * @NVMOVE_STAT_SUSPENDS: arcs that have suspended the controller
 * @NVMOVE_STAT_RESUMES: arcs that have resumed it
 * @NVMOVE_STAT_SAVES: arcs that have saved its state
 * @NVMOVE_STAT_LOADS: states that the device has taken
 * @NVMOVE_STAT_RESETS: resets of the function
 * @NVMOVE_STAT_FAILED_ARCS: arcs that have failed
 * @NVMOVE_STAT_FAILED_LOADS: states that the device has not taken
 * @NVMOVE_STAT_QUESTIONS_ANSWERED: questions that the device has answered with yes
 * @NVMOVE_STAT_QUESTIONS_REFUSED: questions that the device has answered with no
 * @NVMOVE_STAT_SAVED_BYTES: bytes of the saved states
 * @NVMOVE_STAT_LOADED_BYTES: bytes of the loaded states
 * @NVMOVE_STAT_DIRTY_REPORTS: times that user space was told what the DMA log has
 * @NVMOVE_STAT_DIRTY_BYTES: bytes of host memory that the device has reported as written
 * @NVMOVE_STAT_SUSPEND_NS: how long the last suspend took
 * @NVMOVE_STAT_RESUME_NS: how long the last resume took
 * @NVMOVE_STAT_SAVE_NS: how long the last save took
 * @NVMOVE_STAT_LOAD_NS: how long the last load took
 * @NVMOVE_STAT_SUSPENDED_NS: from the beginning of the last suspend that was resumed to the end of
 *	the resume
 * @NVMOVE_NR_STATISTICS: how many there are
 */
enum nvmove_statistic {
	NVMOVE_STAT_SUSPENDS,
	NVMOVE_STAT_RESUMES,
	NVMOVE_STAT_SAVES,
	NVMOVE_STAT_LOADS,
	NVMOVE_STAT_RESETS,
	NVMOVE_STAT_FAILED_ARCS,
	NVMOVE_STAT_FAILED_LOADS,
	NVMOVE_STAT_QUESTIONS_ANSWERED,
	NVMOVE_STAT_QUESTIONS_REFUSED,
	NVMOVE_STAT_SAVED_BYTES,
	NVMOVE_STAT_LOADED_BYTES,
	NVMOVE_STAT_DIRTY_REPORTS,
	NVMOVE_STAT_DIRTY_BYTES,
	NVMOVE_STAT_SUSPEND_NS,
	NVMOVE_STAT_RESUME_NS,
	NVMOVE_STAT_SAVE_NS,
	NVMOVE_STAT_LOAD_NS,
	NVMOVE_STAT_SUSPENDED_NS,
	NVMOVE_NR_STATISTICS,
};

/**
 * struct nvmove_device - an NVMe function bound for assignment
 * @core: the VFIO device; first member
 * @proto: how to migrate it; NULL if it cannot be
 * @reason: why it cannot be, owned; NULL if it can
 * @controlling: the controlling function, a reference; NULL if there is none
 * @vf_number: 1-based number of the VF; 0 if the function is none
 * @cntlid: controller id
 * @csvi: hmlm: index of the NVMe Controller State's version, 1-based
 * @csuuidi: hmlm: index of the Vendor Specific Data's UUID, 1-based
 * @answers: the device has questions and answers them
 * @track_limits: hmlm: what can be tracked of the controller's writes
 * @statistics: by enum nvmove_statistic
 * @state_mutex: serialises arcs and DMA logging; covers @state, @stream, @suspended, @suspended_at,
 *	@in_arc, @log, @tracked. Only tried, never waited for, on the way of a PCI reset
 * @state: where the state machine is
 * @stream: the open stream in PRE_COPY, PRE_COPY_P2P, STOP_COPY and RESUMING, else NULL; holds a
 *	reference to its file
 * @suspended: the controller may be suspended: set before that is tried, cleared when a resume or a
 *	reset has certainly undone it
 * @suspended_at: when the last suspend that has succeeded began, in ns; only shown
 * @in_arc: whoever holds @state_mutex may have sent commands that suspend or resume the controller
 * @log: the DMA log between its start and its end, else NULL
 * @tracked: the device may be tracking the controller's writes, whether or not there is a log
 * @reset_lock: covers @in_reset, @deferred_reset, and giving up @state_mutex
 * @in_reset: the function is being reset
 * @deferred_reset: it was, and whoever holds @state_mutex has to deal with it
 * @reset_wait: woken when @in_reset falls
 *
 * Everything from @proto to @track_limits is constant once the device is registered with VFIO.
 */
struct nvmove_device {
	struct vfio_pci_core_device core;
	const struct nvmove_proto_ops *proto;
	char *reason;
	struct pci_dev *controlling;
	u16 vf_number;
	u16 cntlid;
	u8 csvi;
	u8 csuuidi;
	bool answers;
	struct dirty_limits track_limits;
	atomic64_t statistics[NVMOVE_NR_STATISTICS];

	struct mutex state_mutex; /* see above */
	enum vfio_device_mig_state state;
	struct nvmove_stream *stream;
	bool suspended;
	u64 suspended_at;
	bool in_arc;
	struct nvmove_dma_log *log;
	bool tracked;

	spinlock_t reset_lock; /* see above */
	bool in_reset;
	bool deferred_reset;
	wait_queue_head_t reset_wait;
};

/**
 * nvmove_proto_choose - find the function's controlling function and the protocol that it speaks
 * @ndev: the device, not yet registered with VFIO
 *
 * Fills in @ndev's description. Says what was found, or why the function cannot migrate.
 *
 * Return: 0 or a negative errno.
 */
int nvmove_proto_choose(struct nvmove_device *ndev);

/**
 * nvmove_decline - say why a function cannot migrate, in the kernel log and in sysfs
 * @ndev: the device, not yet registered with VFIO; of which this is said once
 * @format: the reason, naming what was found and what was expected
 */
__printf(2, 3)
void nvmove_decline(struct nvmove_device *ndev, const char *format, ...);

/**
 * nvmove_proto_submit - send one command of a protocol, traced
 * @ndev: the device
 * @name: of the command, for the trace
 * @cmd: the command without data pointer
 * @data: kmalloc or vmalloc memory; NULL for no data
 * @length: bytes of @data
 * @result: where completion dwords 0 and 1 go, as by nvmove_controlling_submit(); may be NULL
 *
 * Return: as nvmove_controlling_submit().
 */
int nvmove_proto_submit(struct nvmove_device *ndev, const char *name, struct nvme_command *cmd,
			void *data, u32 length, u64 *result);

/**
 * nvmove_proto_judge - say what became of a command, unless it succeeded
 * @ndev: the device
 * @name: of the command
 * @ret: what nvmove_proto_submit() returned
 *
 * Return: @ret, with -EREMOTEIO for a status.
 */
int nvmove_proto_judge(struct nvmove_device *ndev, const char *name, int ret);

/**
 * nvmove_proto_explain - say in the device's own words why the last load was refused
 * @ndev: the device, whose controlling function has the load report under every protocol
 */
void nvmove_proto_explain(struct nvmove_device *ndev);

/**
 * nvmove_compat_probe - find out if the device has questions and answers them; says so if not
 * @ndev: the device, its protocol known, not yet registered with VFIO
 */
void nvmove_compat_probe(struct nvmove_device *ndev);

/**
 * nvmove_compat_read - read the question of the controller as it is now, in whatever state
 * @ndev: the device
 * @data: where the question goes, to be freed with kvfree(); to be given to nvmove_compat_ask() at
 *	the destination and not to be looked into
 * @length: bytes of it, a multiple of 4, at most NVMOVE_QUESTION_MAX
 *
 * Return: 0, -EOPNOTSUPP if the device has none, -ENOMEM, -EPROTO for a log page that is no
 * question, -ESTALE if the controller was changed meanwhile, else as the operations of struct
 * nvmove_proto_ops.
 */
int nvmove_compat_read(struct nvmove_device *ndev, void **data, u32 *length);

/**
 * nvmove_compat_ask - have the device judge if it could take the state of the controller that asks
 * @ndev: the device, suspended; the answer does not change it
 * @data: a question from anywhere, kmalloc or vmalloc memory
 * @length: bytes of it
 *
 * The caller holds state_mutex: the commands are those that load a state. What the device has to
 * say against it is in the kernel log then.
 *
 * Return: 0 for yes, -EREMOTEIO for no, -EOPNOTSUPP if the device does not answer, -EINVAL if @data
 * cannot be a question, else as the load operation of struct nvmove_proto_ops.
 */
int nvmove_compat_ask(struct nvmove_device *ndev, const void *data, u32 length);

/**
 * nvmove_statistics_add - count something
 * @ndev: the device
 * @statistic: what
 * @n: how much of it
 */
static inline void nvmove_statistics_add(struct nvmove_device *ndev,
					 enum nvmove_statistic statistic, u64 n)
{
	atomic64_add(n, &ndev->statistics[statistic]);
}

/**
 * nvmove_statistics_arc - count an arc
 * @ndev: the device, its state_mutex held
 * @from: state that it began in
 * @to: state that it was to end in
 * @result: 0 or a negative errno
 * @duration_ns: how long it took; it has just ended
 */
void nvmove_statistics_arc(struct nvmove_device *ndev, enum vfio_device_mig_state from,
			   enum vfio_device_mig_state to, int result, u64 duration_ns);

/**
 * nvmove_statistics_load - count a load
 * @ndev: the device
 * @bytes: bytes of state
 * @result: 0 or a negative errno
 * @duration_ns: how long it took
 */
void nvmove_statistics_load(struct nvmove_device *ndev, u32 bytes, int result, u64 duration_ns);

/**
 * nvmove_property_disable - clear CC.EN of the function's controller and wait until it is disabled
 * @ndev: the device, open
 *
 * Resets the controller (Base 2.3, 3.7.2): it has no queues afterwards and is not suspended.
 *
 * Return: 0, -EIO if the function's memory space is disabled or does not answer, -ETIMEDOUT if the
 * controller stays ready, -EINTR if the caller is being killed while it waits for that, -ENODEV,
 * -ENOMEM or -EBUSY if BAR 0 cannot be mapped.
 */
int nvmove_property_disable(struct nvmove_device *ndev);

/**
 * nvmove_migrate_init - find out if a device can migrate and offer the feature if so
 * @ndev: the device, its PCI function known, not yet registered with VFIO
 */
void nvmove_migrate_init(struct nvmove_device *ndev);

/**
 * nvmove_migrate_release - free what nvmove_migrate_init() made
 * @ndev: the device; nobody uses it any more
 */
void nvmove_migrate_release(struct nvmove_device *ndev);

/**
 * nvmove_migrate_open - a user has opened the device and VFIO has reset the function
 * @ndev: the device
 *
 * Return: 0, or -EIO if the controller is still suspended because the reset failed.
 */
int nvmove_migrate_open(struct nvmove_device *ndev);

/**
 * nvmove_migrate_close - the last user has gone and VFIO has tried to reset the function
 * @ndev: the device
 *
 * Ends an open stream. When this returns, nobody outside uses the device.
 */
void nvmove_migrate_close(struct nvmove_device *ndev);

/**
 * nvmove_migrate_remove - the function leaves this driver
 * @ndev: the device, unregistered from VFIO, its PCI function still locked by the driver core
 *
 * Resets a controller that nvmove_migrate_close() had to leave suspended.
 */
void nvmove_migrate_remove(struct nvmove_device *ndev);

/**
 * nvmove_migrate_reset_prepare - the function is about to be reset
 * @ndev: the device
 */
void nvmove_migrate_reset_prepare(struct nvmove_device *ndev);

/**
 * nvmove_migrate_reset_done - the function has been reset
 * @ndev: the device
 *
 * Puts it back to RUNNING, or leaves that to the arc that is under way.
 */
void nvmove_migrate_reset_done(struct nvmove_device *ndev);

/**
 * nvmove_migrate_unlock - give up state_mutex, after dealing with every reset since it was taken
 * @ndev: the device, its state_mutex held
 *
 * The only way to give it up: a reset that finds it taken leaves its work to whoever holds it.
 */
void nvmove_migrate_unlock(struct nvmove_device *ndev);

/**
 * nvmove_dma_log_init - offer DMA logging if the device and the kernel can do it
 * @ndev: the device, its protocol known, not yet registered with VFIO
 *
 * Says what is offered, or why nothing is.
 */
void nvmove_dma_log_init(struct nvmove_device *ndev);

/**
 * nvmove_dma_log_forget - the function was reset: end the log without a command
 * @ndev: the device, its state_mutex held
 *
 * May be called on the way of a PCI reset. The device may go on tracking, which the next start or
 * nvmove_dma_log_stop() ends.
 */
void nvmove_dma_log_forget(struct nvmove_device *ndev);

/**
 * nvmove_dma_log_stop - end the log, and the device's tracking
 * @ndev: the device, its state_mutex held
 *
 * Return: 0, also if nothing was started, else as the track_stop operation of struct
 * nvmove_proto_ops; the log has ended in any case.
 */
int nvmove_dma_log_stop(struct nvmove_device *ndev);

/**
 * nvmove_stream_begin - make a stream with what can be said before the controller is suspended
 * @ndev: the device
 *
 * Return: the stream, to be ended with nvmove_stream_end(), or an error pointer.
 */
struct nvmove_stream *nvmove_stream_begin(struct nvmove_device *ndev);

/**
 * nvmove_stream_add_question - add what the controller asks the one that is to take its state
 * @stream: from nvmove_stream_begin(), nobody else has it yet
 * @ndev: the device
 *
 * Return: 0, also if the device has no question, else as nvmove_compat_read().
 */
int nvmove_stream_add_question(struct nvmove_stream *stream, struct nvmove_device *ndev);

/**
 * nvmove_stream_save - read the controller's whole state and complete a stream with it
 * @stream: from nvmove_stream_begin()
 * @ndev: the device, suspended
 *
 * Return: 0, -EPROTO if the device states an impossible size, -EINTR if the caller is being killed,
 * -ENOMEM, else as the save operation of struct nvmove_proto_ops. After a failure the stream is as
 * it was, and this may be tried again.
 */
int nvmove_stream_save(struct nvmove_stream *stream, struct nvmove_device *ndev);

/**
 * nvmove_stream_length - bytes that are still to be read of a stream, once it is complete
 * @stream: from nvmove_stream_begin(), or NULL for one that would be begun now
 * @ndev: the device
 * @length: bytes; a guess as long as the controller runs and the state was not saved
 *
 * Return: 0, -EPROTO if the device states an impossible size, -EINTR if the caller is being killed,
 * else as the state_size operation of struct nvmove_proto_ops.
 */
int nvmove_stream_length(struct nvmove_stream *stream, struct nvmove_device *ndev,
			 unsigned long *length);

/**
 * nvmove_stream_receive - make a stream that user space writes a state into
 * @ndev: the device
 *
 * Return: the stream, to be ended with nvmove_stream_end(), or an error pointer.
 */
struct nvmove_stream *nvmove_stream_receive(struct nvmove_device *ndev);

/**
 * nvmove_migrate_deliver - something has been received that the device has to judge
 * @ndev: the device
 * @stream: the stream, its lock not held
 *
 * Return: 0, -ENODEV if the device has left RESUMING meanwhile, -EINTR if the caller is being
 * killed while it waits for its turn, else as nvmove_stream_deliver().
 */
int nvmove_migrate_deliver(struct nvmove_device *ndev, struct nvmove_stream *stream);

/**
 * nvmove_stream_deliver - ask the device the question that was received, or give it the state of a
 * stream that is complete and correct
 * @stream: from nvmove_stream_receive()
 * @ndev: the device, suspended
 *
 * Return: 0, -EINVAL if the stream has been spoilt since, -EINTR if the caller is being killed,
 * else as nvmove_compat_ask() or the load operation of struct nvmove_proto_ops. After a failure the
 * stream stays refused.
 */
int nvmove_stream_deliver(struct nvmove_stream *stream, struct nvmove_device *ndev);

/**
 * nvmove_stream_finish - close a received stream to user space and judge it
 * @stream: from nvmove_stream_receive()
 *
 * Return: 0 if the device has taken the state, -EINVAL for a bad or incomplete stream, -ENODEV if
 * the load has not come about, -EINTR if the caller is being killed, else why the load failed.
 */
int nvmove_stream_finish(struct nvmove_stream *stream);

/**
 * nvmove_stream_file - the file that user space reads or writes
 * @stream: the stream
 *
 * Return: a new reference to the file.
 */
struct file *nvmove_stream_file(struct nvmove_stream *stream);

/**
 * nvmove_stream_end - make every further read or write fail and give up the stream
 * @stream: the stream; freed when user space closes its file
 *
 * Takes no lock, so it may be called on the way of a PCI reset.
 */
void nvmove_stream_end(struct nvmove_stream *stream);

#endif /* NVMOVE_NVME_VFIO_PCI_H */
