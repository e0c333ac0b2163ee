// SPDX-License-Identifier: BSD-2-Clause
/*
 * The VMM's part: memory, vectors, migration states. It carries what VFIO leaves to a VMM (command
 * register, MSI-X) and hands everything else to the device and back. It never looks into the guest
 * beyond the head of its memory.
 */
#include "machine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "identity.h"
#include "nvme.h"
#include "report.h"
#include "workload.h"

#define READ_CHUNK (64u << 10)

/* Hands out pieces of guest memory, in whole pages; with no base it only counts. */
struct layout {
	uint64_t next;
};

static uint64_t take(struct layout *layout, uint64_t size)
{
	uint64_t offset = layout->next;

	layout->next += (size + GUEST_PAGE - 1) & ~(uint64_t)(GUEST_PAGE - 1);
	return offset;
}

static void lay_out_queue(struct layout *layout, struct guest_queue *queue, uint32_t sq_depth,
			  uint32_t cq_depth)
{
	queue->sq_depth = sq_depth;
	queue->cq_depth = cq_depth;
	queue->sq = take(layout, sq_depth * sizeof(struct nvm_sqe));
	queue->cq = take(layout, cq_depth * sizeof(struct nvm_cqe));
}

/* Everything but the slots' data. @guest gets the offsets. */
static void lay_out_tables(struct layout *layout, const struct guest_options *options,
			   struct guest *guest)
{
	uint64_t blocks = (uint64_t)options->extents * (options->transfer / 512);

	layout->next = 0;
	take(layout, sizeof(*guest));
	guest->admin_data = take(layout, GUEST_ADMIN_PAGES * GUEST_PAGE);
	lay_out_queue(layout, &guest->admin, GUEST_ADMIN_DEPTH, GUEST_ADMIN_DEPTH);
	guest->busy = take(layout, options->extents);
	guest->generations = take(layout, blocks * sizeof(uint32_t));
	for (uint32_t i = 0; i < options->nr_queues; i++) {
		lay_out_queue(layout, &guest->io[i], options->sq_depth, options->cq_depth);
		guest->io[i].slots = take(layout, options->sq_depth * sizeof(struct guest_slot));
	}
}

static uint64_t slot_data_size(const struct guest_options *options)
{
	return options->transfer + 2 * GUEST_PAGE;
}

static int check_range(const char *name, uint64_t value, uint64_t least, uint64_t most)
{
	if (value < least || value > most)
		return fail("%s: %llu to %llu possible, %llu given", name,
			    (unsigned long long)least, (unsigned long long)most,
			    (unsigned long long)value);
	return 0;
}

static int check_options(const struct guest_options *options)
{
	if (options->transfer % GUEST_PAGE)
		return fail("transfer size: multiples of %u possible, %u given", GUEST_PAGE,
			    options->transfer);
	if (check_range("queues", options->nr_queues, 1, GUEST_MAX_QUEUES) ||
	    check_range("queue depth", options->sq_depth, 2, GUEST_MAX_DEPTH) ||
	    check_range("completion queue depth", options->cq_depth, 2, GUEST_MAX_DEPTH) ||
	    check_range("transfer size", options->transfer, GUEST_PAGE, GUEST_MAX_TRANSFER))
		return -1;
	return check_range("extents", options->extents, 2, GUEST_MAX_EXTENTS);
}

size_t machine_memory_size(const struct guest_options *options)
{
	struct layout layout;
	struct guest *scratch;
	uint64_t size;

	if (check_options(options))
		return 0;
	scratch = calloc(1, sizeof(*scratch));
	if (!scratch) {
		fail("no memory for %zu bytes", sizeof(*scratch));
		return 0;
	}
	lay_out_tables(&layout, options, scratch);
	free(scratch);
	size = layout.next + slot_data_size(options) * options->nr_queues * options->sq_depth;
	if (check_range("guest memory", size, GUEST_PAGE, GUEST_MAX_MEMORY))
		return 0;
	return size;
}

int machine_open(struct machine *machine, const char *address, unsigned int timeout_ms)
{
	machine->timeout_ms = timeout_ms;
	if (vfio_open_group(&machine->function, address))
		return -1;
	return vfio_open_device(&machine->function);
}

int machine_can_migrate(struct machine *machine)
{
	const char *address = machine->function.address;
	uint64_t flags;
	int error = vfio_migration_flags(&machine->function, &flags);

	if (error)
		return fail("%s: the driver offers no migration: %s", address, strerror(-error));
	if (!(flags & VFIO_MIGRATION_STOP_COPY))
		return fail("%s: migration flags: STOP_COPY (%#x) expected, %#llx offered", address,
			    VFIO_MIGRATION_STOP_COPY, (unsigned long long)flags);
	return 0;
}

int machine_set_memory(struct machine *machine, size_t size)
{
	void *memory;

	if (size < sizeof(struct guest) || size > GUEST_MAX_MEMORY || size % GUEST_PAGE)
		return fail("guest memory: %zu to %llu bytes possible, %zu wanted",
			    sizeof(struct guest), GUEST_MAX_MEMORY, size);
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (memory == MAP_FAILED)
		return fail("guest memory: %zu bytes: %s", size, strerror(errno));
	machine->guest = memory;
	machine->memory_size = size;
	machine->shadow = malloc(size);
	if (!machine->shadow)
		return fail("guest memory: no second copy of %zu bytes", size);
	return vfio_map_dma(&machine->function, memory, size, GUEST_IOVA);
}

void machine_close(struct machine *machine)
{
	vfio_close(&machine->function);
	if (machine->precopied >= 0)
		close(machine->precopied);
	machine->precopied = -1;
	if (machine->resuming >= 0)
		close(machine->resuming);
	machine->resuming = -1;
	if (machine->guest)
		munmap(machine->guest, machine->memory_size);
	free(machine->shadow);
	machine->guest = NULL;
	machine->shadow = NULL;
}

static void lay_out_slots(struct machine *machine, struct layout *layout)
{
	struct guest *guest = machine->guest;
	uint64_t size = slot_data_size(&guest->options);

	for (uint32_t i = 0; i < guest->options.nr_queues; i++) {
		struct guest_slot *slot = nvme_at(machine, guest->io[i].slots);

		for (uint32_t j = 0; j < guest->options.sq_depth; j++) {
			slot[j].list = take(layout, size);
			slot[j].data_area = slot[j].list + GUEST_PAGE;
		}
	}
}

static void number_queues(struct guest *guest)
{
	for (uint32_t i = 0; i < guest->options.nr_queues; i++) {
		guest->io[i].id = (uint16_t)(i + 1);
		guest->io[i].vector = guest->nr_vectors > 1 ?
			(uint16_t)(1 + i % (guest->nr_vectors - 1)) : 0;
	}
}

static uint32_t vectors_wanted(const struct machine *machine)
{
	uint32_t wanted = machine->guest->options.nr_queues + 1;

	return wanted < machine->function.max_vectors ? wanted : machine->function.max_vectors;
}

int machine_boot(struct machine *machine, const struct guest_options *options)
{
	struct guest *guest = machine->guest;
	struct layout layout;

	guest->magic = GUEST_MAGIC;
	guest->version = GUEST_VERSION;
	guest->struct_size = sizeof(*guest);
	guest->memory_size = machine->memory_size;
	guest->options = *options;
	guest->nr_vectors = vectors_wanted(machine);
	if (!guest->nr_vectors)
		return fail("%s: no MSI-X vectors", machine->function.address);
	lay_out_tables(&layout, options, guest);
	lay_out_slots(machine, &layout);
	number_queues(guest);
	if (vfio_enable_vectors(&machine->function, guest->nr_vectors) || nvme_start(machine) ||
	    nvme_attach_namespace(machine) || workload_start(machine) ||
	    nvme_create_queues(machine) || nvme_provoke_errors(machine))
		return -1;
	return identity_prepare(machine);
}

int machine_reboot(struct machine *machine)
{
	workload_forget(machine);
	if (vfio_enable_vectors(&machine->function, machine->guest->nr_vectors) ||
	    nvme_start(machine) || nvme_create_queues(machine))
		return -1;
	return identity_prepare(machine);
}

static void count_pending(struct machine *machine, struct guest_move *move)
{
	struct guest *guest = machine->guest;

	move->unread = 0;
	for (uint32_t i = 0; i < guest->options.nr_queues; i++)
		move->unread += nvme_count_unread(machine, &guest->io[i]);
	move->pending = workload_outstanding(machine) - move->unread;
}

/* Return: 0 at the end of the stream, or a negative errno. */
static int read_stream(int file, struct bytes *stream)
{
	static uint8_t chunk[READ_CHUNK];
	ssize_t length;

	watchdog_begin("reading the stream");
	while ((length = read(file, chunk, sizeof(chunk))) > 0)
		if (bytes_append(stream, chunk, (size_t)length))
			return -ENOMEM;
	return length < 0 ? -errno : 0;
}

int machine_precopy(struct machine *machine, struct bytes *stream)
{
	struct vfio_function *function = &machine->function;
	int error;

	if (vfio_set_state(function, VFIO_DEVICE_STATE_PRE_COPY, &machine->precopied))
		return -1;
	if (machine->precopied < 0)
		return fail("%s: PRE_COPY gave no stream", function->address);
	error = read_stream(machine->precopied, stream);
	if (error != -ENOMSG)
		return fail("%s: at the end of pre-copy's %zu bytes: %s expected, got: %s",
			    function->address, stream->size, strerror(ENOMSG), strerror(-error));
	return 0;
}

int machine_give_up_precopy(struct machine *machine)
{
	int none, result = vfio_set_state(&machine->function, VFIO_DEVICE_STATE_RUNNING, &none);

	close(machine->precopied);
	machine->precopied = -1;
	return result;
}

int machine_stop(struct machine *machine, struct guest_move *move)
{
	uint32_t state = machine->precopied < 0 ? VFIO_DEVICE_STATE_STOP :
						  VFIO_DEVICE_STATE_PRE_COPY_P2P;
	uint64_t start = now_us();
	int none;

	if (vfio_set_state(&machine->function, state, &none))
		return -1;
	if (move) {
		move->stop_us = (uint32_t)(now_us() - start);
		count_pending(machine, move);
	}
	machine_keep_memory(machine);
	return 0;
}

static int check_announced_size(int64_t announced, size_t size)
{
	if (announced < 0)
		return -1;
	if ((uint64_t)announced < size || (uint64_t)announced > 2 * size)
		return fail("stop-copy size: %lld bytes announced, stream has %zu",
			    (long long)announced, size);
	return 0;
}

void machine_check_rest(struct machine *machine)
{
	const uint8_t *memory = (const uint8_t *)machine->guest;

	if (!memcmp(memory, machine->shadow, machine->memory_size))
		return;
	for (size_t i = 0; i < machine->memory_size; i++) {
		if (memory[i] == machine->shadow[i])
			continue;
		fail("guest memory at %#zx: %#x when the device had stopped, %#x afterwards", i,
		     machine->shadow[i], memory[i]);
		machine->guest->counts.moved_while_stopped++;
		return;
	}
}

/* To STOP_COPY, with the stream that is open already or a new one, which the caller owns. */
static int open_saved(struct machine *machine)
{
	int file = machine->precopied, other;

	if (vfio_set_state(&machine->function, VFIO_DEVICE_STATE_STOP_COPY, &other))
		return -1;
	machine->precopied = -1;
	if ((file < 0) == (other < 0)) {
		if (file >= 0)
			close(file);
		if (other >= 0)
			close(other);
		return fail("%s: STOP_COPY gave %s stream, pre-copy had begun %s",
			    machine->function.address, other < 0 ? "no" : "a",
			    file < 0 ? "none" : "one");
	}
	return file < 0 ? other : file;
}

int machine_save(struct machine *machine, struct bytes *stream, struct guest_move *move)
{
	int64_t announced = vfio_stop_copy_size(&machine->function);
	struct guest_move unused = { 0 };
	bool precopied = machine->precopied >= 0;
	size_t before = stream->size;
	uint32_t question;
	uint64_t start = now_us();
	int file, none, error;

	if (!move)
		move = &unused;
	file = open_saved(machine);
	if (file < 0)
		return -1;
	error = read_stream(file, stream);
	move->save_us = (uint32_t)(now_us() - start);
	move->state_bytes = stream->size;
	if (vfio_set_state(&machine->function, VFIO_DEVICE_STATE_STOP, &none))
		error = -EIO;
	close(file);
	machine_check_rest(machine);
	if (error)
		return fail("%s: reading the stream, after %zu bytes: %s",
			    machine->function.address, stream->size, strerror(-error));
	if (check_announced_size(announced, stream->size - before))
		return -1;
	if (stream_check(stream, &question, &move->unfetched))
		return -1;
	if (!question == (precopied && !machine->asks_nothing))
		return fail("stream, %s pre-copy: its question has %u bytes",
			    precopied ? "with" : "without", question);
	return 0;
}

static int write_stream(int file, const struct bytes *stream, size_t chunk)
{
	size_t done = 0;

	watchdog_begin("writing the stream");
	while (done < stream->size) {
		size_t length = stream->size - done;
		ssize_t written;

		if (chunk && length > chunk)
			length = chunk;
		written = write(file, stream->data + done, length);
		if (written <= 0)
			return written ? -errno : -EIO;
		done += (size_t)written;
	}
	return 0;
}

int machine_begin_stream(struct machine *machine, const struct bytes *stream)
{
	int error = vfio_try_state(&machine->function, VFIO_DEVICE_STATE_RESUMING,
				   &machine->resuming);

	if (error)
		return error;
	if (machine->resuming < 0)
		return -EBADF;
	return write_stream(machine->resuming, stream, 0);
}

/* To STOP, whatever became of the stream. */
static int leave_resuming(struct machine *machine)
{
	int none, error = vfio_try_state(&machine->function, VFIO_DEVICE_STATE_STOP, &none);

	close(machine->resuming);
	machine->resuming = -1;
	return error;
}

int machine_write_stream(struct machine *machine, const struct bytes *stream, size_t chunk,
			 uint32_t early_vectors)
{
	static const struct bytes nothing;
	int error, refused;

	error = machine->resuming < 0 ? machine_begin_stream(machine, &nothing) : 0;
	if (error)
		return error;
	refused = write_stream(machine->resuming, stream, chunk);
	if (!refused && early_vectors && vfio_enable_vectors(&machine->function, early_vectors))
		refused = -EIO;
	error = leave_resuming(machine);
	if (refused && !error)
		return fail("a write to the stream failed (%s) and STOP was reached all the same",
			    strerror(-refused)), -EPROTO;
	return refused ? refused : error;
}

int machine_run(struct machine *machine)
{
	int none;

	if (!machine->function.nr_vectors &&
	    vfio_enable_vectors(&machine->function, machine->guest->nr_vectors))
		return -1;
	return vfio_set_state(&machine->function, VFIO_DEVICE_STATE_RUNNING, &none);
}

void machine_keep_memory(struct machine *machine)
{
	memcpy(machine->shadow, machine->guest, machine->memory_size);
}

void machine_restore_memory(struct machine *machine)
{
	memcpy(machine->guest, machine->shadow, machine->memory_size);
}

static bool queue_fits(const struct guest_queue *queue, const struct guest_queue *expected)
{
	return queue->sq == expected->sq && queue->cq == expected->cq &&
	       queue->slots == expected->slots && queue->sq_depth == expected->sq_depth &&
	       queue->cq_depth == expected->cq_depth && queue->tail < queue->sq_depth &&
	       queue->rung < queue->sq_depth && queue->sq_head < queue->sq_depth &&
	       queue->cq_head < queue->cq_depth && queue->vector < VFIO_MAX_VECTORS;
}

static bool layout_fits(const struct guest *guest, const struct guest *expected)
{
	for (uint32_t i = 0; i < guest->options.nr_queues; i++)
		if (!queue_fits(&guest->io[i], &expected->io[i]) || guest->io[i].id != i + 1)
			return false;
	return queue_fits(&guest->admin, &expected->admin) && guest->busy == expected->busy &&
	       guest->generations == expected->generations &&
	       guest->admin_data == expected->admin_data &&
	       guest->extents <= guest->options.extents && guest->moves <= GUEST_MAX_MOVES;
}

static int check_layout(const struct machine *machine)
{
	struct guest *expected = calloc(1, sizeof(*expected));
	struct layout layout;
	bool fits;

	if (!expected)
		return fail("no memory for %zu bytes", sizeof(*expected));
	lay_out_tables(&layout, &machine->guest->options, expected);
	fits = layout_fits(machine->guest, expected);
	free(expected);
	return fits ? 0 : fail("guest memory: its tables are not where its options put them");
}

int machine_guest_is_sane(const struct machine *machine)
{
	const struct guest *guest = machine->guest;
	size_t size;

	if (guest->magic != GUEST_MAGIC || guest->version != GUEST_VERSION ||
	    guest->struct_size != sizeof(*guest))
		return fail("guest memory: magic %#llx version %u size %u, expected %#llx, %u, %zu",
			    (unsigned long long)guest->magic, guest->version, guest->struct_size,
			    GUEST_MAGIC, GUEST_VERSION, sizeof(*guest));
	size = machine_memory_size(&guest->options);
	if (size != machine->memory_size || guest->memory_size != machine->memory_size)
		return fail("guest memory: options need %zu bytes, head says %llu, there are %zu",
			    size, (unsigned long long)guest->memory_size, machine->memory_size);
	if (!guest->nr_vectors || guest->nr_vectors > machine->function.max_vectors ||
	    guest->nr_vectors > VFIO_MAX_VECTORS)
		return fail("guest uses %u vectors, the function has %u", guest->nr_vectors,
			    machine->function.max_vectors);
	return check_layout(machine);
}
