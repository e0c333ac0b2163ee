// SPDX-License-Identifier: GPL-2.0-only
/*
 * The driver's attribute "controlled", by which root says that a function which is no VF is a
 * certain controller of another function's subsystem. What was said is looked up when the function
 * is bound and judged there (protocol.c), by the lists of the controlling controller: VFIO wants to
 * know before it registers a device if that can migrate. Entries name functions by address, so they
 * outlive unplugging, and hold no reference to anything.
 */
#include <linux/cleanup.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/sysfs.h>

#include "controlled.h"

/* struct address - of a PCI function */
struct address {
	int domain;
	u8 bus;
	u8 devfn;
};

/**
 * struct controlled - one function
 * @list: in controlled_list
 * @function: the function
 * @controlling: the one that controls it
 * @cntlid: its controller id
 */
struct controlled {
	struct list_head list;
	struct address function;
	struct address controlling;
	u16 cntlid;
};

static LIST_HEAD(controlled_list);
static DEFINE_MUTEX(controlled_lock);	/* covers the list */

static bool is_equal(const struct address *a, const struct address *b)
{
	return a->domain == b->domain && a->bus == b->bus && a->devfn == b->devfn;
}

static struct pci_dev *get_function(const struct address *address)
{
	return pci_get_domain_bus_and_slot(address->domain, address->bus, address->devfn);
}

static struct controlled *find_entry(const struct address *function)
{
	struct controlled *entry;

	lockdep_assert_held(&controlled_lock);
	list_for_each_entry(entry, &controlled_list, list)
		if (is_equal(&entry->function, function))
			return entry;
	return NULL;
}

struct pci_dev *nvmove_controlled_lookup(struct pci_dev *pdev, u16 *cntlid)
{
	struct address function = {
		.domain = pci_domain_nr(pdev->bus),
		.bus = pdev->bus->number,
		.devfn = pdev->devfn,
	};
	struct controlled *entry;

	guard(mutex)(&controlled_lock);

	entry = find_entry(&function);
	if (!entry)
		return NULL;
	*cntlid = entry->cntlid;
	return get_function(&entry->controlling);
}

/* "0000:02:00.0"; returns what follows, or NULL */
static const char *parse_address(const char *text, struct address *address)
{
	unsigned int domain, bus, slot, function;
	int length;

	if (sscanf(text, "%x:%x:%x.%x%n", &domain, &bus, &slot, &function, &length) != 4)
		return NULL;
	if (domain > INT_MAX || bus > U8_MAX || slot > 31 || function > 7)
		return NULL;

	address->domain = domain;
	address->bus = bus;
	address->devfn = PCI_DEVFN(slot, function);
	return skip_spaces(text + length);
}

/* A VF's controlling function is its PF, whatever anybody says. */
static int check_functions(const struct controlled *said)
{
	struct pci_dev *function, *controlling;
	int ret = 0;

	function = get_function(&said->function);
	controlling = get_function(&said->controlling);
	if (!function || !controlling)
		ret = -ENODEV;
	else if (function->is_virtfn || function == controlling)
		ret = -EINVAL;
	pci_dev_put(function);
	pci_dev_put(controlling);
	return ret;
}

/* No two functions are the same controller. */
static int remember(const struct controlled *said)
{
	struct controlled *entry;

	guard(mutex)(&controlled_lock);

	list_for_each_entry(entry, &controlled_list, list)
		if (entry->cntlid == said->cntlid &&
		    is_equal(&entry->controlling, &said->controlling) &&
		    !is_equal(&entry->function, &said->function))
			return -EEXIST;

	entry = find_entry(&said->function);
	if (!entry) {
		entry = kzalloc(sizeof(*entry), GFP_KERNEL);
		if (!entry)
			return -ENOMEM;
		entry->function = said->function;
		list_add_tail(&entry->list, &controlled_list);
	}
	entry->controlling = said->controlling;
	entry->cntlid = said->cntlid;
	return 0;
}

static int forget(const struct address *function)
{
	struct controlled *entry;

	guard(mutex)(&controlled_lock);

	entry = find_entry(function);
	if (!entry)
		return -ENOENT;
	list_del(&entry->list);
	kfree(entry);
	return 0;
}

/* "FUNCTION CONTROLLING CNTLID", or "FUNCTION" to take that back */
static ssize_t controlled_store(struct device_driver *driver, const char *text, size_t count)
{
	struct controlled said;
	int ret;

	text = parse_address(text, &said.function);
	if (!text)
		return -EINVAL;
	if (!*text)
		return forget(&said.function) ?: count;

	text = parse_address(text, &said.controlling);
	if (!text || kstrtou16(text, 0, &said.cntlid))
		return -EINVAL;
	ret = check_functions(&said);
	if (ret)
		return ret;
	return remember(&said) ?: count;
}

static ssize_t controlled_show(struct device_driver *driver, char *buffer)
{
	const struct controlled *entry;
	ssize_t length = 0;

	guard(mutex)(&controlled_lock);

	list_for_each_entry(entry, &controlled_list, list)
		length += sysfs_emit_at(buffer, length, "%04x:%02x:%02x.%x %04x:%02x:%02x.%x %u\n",
					entry->function.domain, entry->function.bus,
					PCI_SLOT(entry->function.devfn),
					PCI_FUNC(entry->function.devfn),
					entry->controlling.domain, entry->controlling.bus,
					PCI_SLOT(entry->controlling.devfn),
					PCI_FUNC(entry->controlling.devfn), entry->cntlid);
	return length;
}

static struct driver_attribute driver_attr_controlled = __ATTR_RW_MODE(controlled, 0600);

static struct attribute *nvmove_controlled_attrs[] = {
	&driver_attr_controlled.attr,
	NULL,
};

static const struct attribute_group nvmove_controlled_group = {
	.attrs = nvmove_controlled_attrs,
};

const struct attribute_group *nvmove_controlled_groups[] = {
	&nvmove_controlled_group,
	NULL,
};

void nvmove_controlled_exit(void)
{
	struct controlled *entry, *next;

	list_for_each_entry_safe(entry, next, &controlled_list, list)
		kfree(entry);
}
