// SPDX-License-Identifier: BSD-2-Clause
/*
 * Reading the driver's attributes of all functions that are bound to it.
 */
#include "samples.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdlib.h>

#include "clocks.h"
#include "command.h"
#include "topology.h"

const struct counter counters[NR_COUNTERS] = {
	{ .name = "questions_answered", .event = "found compatible" },
	{ .name = "questions_refused", .event = "found incompatible" },
	{ .name = "suspends", .event = "suspended", .duration = "suspend_ns" },
	{ .name = "saves", .event = "saved", .duration = "save_ns", .bytes = "saved_bytes" },
	{ .name = "loads", .event = "loaded", .duration = "load_ns", .bytes = "loaded_bytes" },
	{ .name = "dirty_reports", .event = "written memory told", .bytes = "dirty_bytes", .rated = true },
	{ .name = "resumes", .event = "resumed", .duration = "resume_ns", .ends_stop = true },
	{ .name = "resets", .event = "reset" },
	{ .name = "failed_arcs", .event = "arc failed" },
	{ .name = "failed_loads", .event = "state refused" },
};

static int is_function(const struct dirent *entry)
{
	struct pci_address function;

	return pci_address_parse(entry->d_name, &function);
}

static unsigned long attribute(const struct pci_address *function, const char *name)
{
	return name ? sysfs_number(0, "bus/pci/devices/%s/migration/%s", function->text, name) : 0;
}

/*
 * What lasted and what was moved is read behind the count: it is that of the last one counted, or
 * of a later one.
 *
 * Return: whether it is a function that can migrate.
 */
static bool take_sample(struct sample *sample)
{
	const char *function = sample->function.text;

	if (!sysfs_text(sample->state, "bus/pci/devices/%s/migration/state", function))
		return false;
	for (size_t i = 0; i < NR_COUNTERS; i++) {
		sample->count[i] = attribute(&sample->function, counters[i].name);
		sample->duration_ns[i] = attribute(&sample->function, counters[i].duration);
		sample->bytes[i] = attribute(&sample->function, counters[i].bytes);
	}
	sample->stopped_ns = attribute(&sample->function, "suspended_ns");
	sample->taken_ns = clocks_monotonic_ns();
	sample->rated_ns = 0;
	return true;
}

int samples_take(struct samples *samples)
{
	struct dirent **entries;
	char path[SYSFS_PATH_SIZE];
	int nr;

	sysfs_path(path, "bus/pci/drivers/%s", MIGRATION_DRIVER);
	nr = scandir(path, &entries, is_function, alphasort);
	if (nr < 0) {
		complain("%s is not loaded: modprobe %s", MIGRATION_DRIVER, MIGRATION_DRIVER);
		return -1;
	}
	samples->nr = 0;
	for (int i = 0; i < nr; i++) {
		struct sample *sample = &samples->sample[samples->nr];

		if (samples->nr < SAMPLES_MOST_FUNCTIONS &&
		    pci_address_parse(entries[i]->d_name, &sample->function))
			samples->nr += take_sample(sample);
		free(entries[i]);
	}
	free(entries);
	return 0;
}
