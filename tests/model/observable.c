// SPDX-License-Identifier: BSD-2-Clause
/*
 * The register of observable items; see observable.h.
 */
#include <nvmove/cstate.h>
#include <nvmove/nvme.h>

#include "fields.h"
#include "observable.h"

#define FIXED		"constant: every build of this library has the same"
#define BY_TABLE	"derived from the identity and the tables of commands, features and pages"
#define DRAINED		"completes before the controller is suspended"
#define ITSELF_ONLY	"derived from the identity: a secondary sees itself alone"

#define QUEUES		IN(IO_QUEUES_PART)
#define IDENTITY	IN(NVMOVE_CSTATE_IDENTITY)
#define REGISTERS	IN(NVMOVE_CSTATE_REGISTERS)
#define ADMIN_QUEUE	IN(NVMOVE_CSTATE_ADMIN_QUEUE)
#define FEATURES	IN(NVMOVE_CSTATE_FEATURES)
#define EVENTS		IN(NVMOVE_CSTATE_EVENTS)
#define ERROR_LOG	IN(NVMOVE_CSTATE_ERROR_LOG)
#define SMART		IN(NVMOVE_CSTATE_SMART)
#define CHANGED_NS	IN(NVMOVE_CSTATE_CHANGED_NS)
#define NAMESPACES	IN(NVMOVE_CSTATE_NAMESPACES)
#define UNPOSTED	IN(NVMOVE_CSTATE_UNPOSTED)
#define TIMERS		IN(NVMOVE_CSTATE_TIMERS)
#define RESERVATIONS	IN(NVMOVE_CSTATE_RESERVATIONS)
#define RESV_LOG	IN(NVMOVE_CSTATE_RESV_LOG)
#define SHADOW		IN(NVMOVE_CSTATE_SHADOW)
#define LOCATORS	IN(NVMOVE_CSTATE_LOCATORS)

const char *const observable_kinds[NR_OBSERVABLE_KINDS] = {
	[OBSERVABLE_REGISTER] = "register",
	[OBSERVABLE_IDENTIFY] = "Identify CNS",
	[OBSERVABLE_LOG] = "log page",
	[OBSERVABLE_FEATURE] = "feature",
	[OBSERVABLE_ADMIN] = "admin opcode",
	[OBSERVABLE_IO] = "I/O opcode",
	[OBSERVABLE_PENDING] = "pending",
	[OBSERVABLE_DATA] = "data",
};

#define REGISTER(offset, ...)	{ OBSERVABLE_REGISTER, offset, __VA_ARGS__ }
#define IDENTIFY(cns, ...)	{ OBSERVABLE_IDENTIFY, cns, __VA_ARGS__ }
#define LOG(lid, ...)		{ OBSERVABLE_LOG, lid, __VA_ARGS__ }
#define FEATURE(fid, ...)	{ OBSERVABLE_FEATURE, fid, __VA_ARGS__ }
#define ADMIN_OPCODE(op, ...)	{ OBSERVABLE_ADMIN, op, __VA_ARGS__ }
#define IO_OPCODE(op, ...)	{ OBSERVABLE_IO, op, __VA_ARGS__ }
#define PENDING(...)		{ OBSERVABLE_PENDING, 0, __VA_ARGS__ }

const struct observable observables[] = {
	REGISTER(NVM_REG_CAP, "CAP, low", IDENTITY, NULL),
	REGISTER(NVM_REG_CAP + 4, "CAP, high", IDENTITY, NULL),
	REGISTER(NVM_REG_VS, "VS", IDENTITY, NULL),
	REGISTER(NVM_REG_INTMS, "INTMS", REGISTERS, NULL),
	REGISTER(NVM_REG_INTMC, "INTMC", REGISTERS, NULL),
	REGISTER(NVM_REG_CC, "CC", REGISTERS, NULL),
	REGISTER(NVM_REG_CSTS, "CSTS", REGISTERS, NULL),
	REGISTER(NVM_REG_AQA, "AQA", REGISTERS, NULL),
	REGISTER(NVM_REG_ASQ, "ASQ, low", REGISTERS, NULL),
	REGISTER(NVM_REG_ASQ + 4, "ASQ, high", REGISTERS, NULL),
	REGISTER(NVM_REG_ACQ, "ACQ, low", REGISTERS, NULL),
	REGISTER(NVM_REG_ACQ + 4, "ACQ, high", REGISTERS, NULL),
	REGISTER(NVM_REG_CRTO, "CRTO", 0, FIXED),

	IDENTIFY(NVM_CNS_NS, "namespace", NAMESPACES, NULL),
	IDENTIFY(NVM_CNS_CTRL, "controller", IDENTITY, NULL),
	IDENTIFY(NVM_CNS_ACTIVE_NS, "active namespaces", NAMESPACES, NULL),
	IDENTIFY(NVM_CNS_NS_DESC, "namespace identification descriptors", NAMESPACES, NULL),
	IDENTIFY(NVM_CNS_CSI_NS, "namespace, NVM command set", 0, FIXED),
	IDENTIFY(NVM_CNS_CSI_CTRL, "controller, NVM command set", 0, FIXED),
	IDENTIFY(NVM_CNS_CSI_ACTIVE_NS, "active namespaces, NVM command set", NAMESPACES, NULL),
	IDENTIFY(NVM_CNS_INDEP_NS, "namespace, independent of the command set", NAMESPACES, NULL),
	IDENTIFY(NVM_CNS_NS_CTRL_LIST, "controllers of a namespace", 0, ITSELF_ONLY),
	IDENTIFY(NVM_CNS_CTRL_LIST, "controllers", 0, ITSELF_ONLY),
	IDENTIFY(NVM_CNS_IOCS, "combinations of command sets", 0, FIXED),

	LOG(NVM_LOG_SUPPORTED, "supported log pages", 0, BY_TABLE),
	LOG(NVM_LOG_ERROR, "error information", ERROR_LOG, NULL),
	LOG(NVM_LOG_SMART, "SMART / health", SMART | ERROR_LOG | FEATURES, NULL),
	LOG(NVM_LOG_FW_SLOT, "firmware slots", IDENTITY, NULL),
	LOG(NVM_LOG_CHANGED_NS, "changed namespaces", CHANGED_NS, NULL),
	LOG(NVM_LOG_EFFECTS, "commands supported and effects", 0, BY_TABLE),
	LOG(NVM_LOG_RESERVATION, "reservation notifications", RESV_LOG, NULL),
	LOG(NVM_LOG_FEATURES, "features supported and effects", 0, BY_TABLE),

	FEATURE(NVM_FEAT_ARBITRATION, "arbitration", FEATURES, NULL),
	FEATURE(NVM_FEAT_POWER_MGMT, "power management", FEATURES, NULL),
	FEATURE(NVM_FEAT_TEMP_THRESHOLD, "temperature thresholds", FEATURES, NULL),
	FEATURE(NVM_FEAT_ERROR_RECOVERY, "error recovery", FEATURES, NULL),
	FEATURE(NVM_FEAT_VOLATILE_WC, "volatile write cache", FEATURES, NULL),
	FEATURE(NVM_FEAT_NUM_QUEUES, "number of queues", FEATURES, NULL),
	FEATURE(NVM_FEAT_IRQ_COALESCE, "interrupt coalescing", FEATURES, NULL),
	FEATURE(NVM_FEAT_IRQ_CONFIG, "interrupt vector configuration", FEATURES, NULL),
	FEATURE(NVM_FEAT_WRITE_ATOMICITY, "write atomicity", FEATURES, NULL),
	FEATURE(NVM_FEAT_ASYNC_EVENT, "asynchronous event configuration", FEATURES, NULL),
	FEATURE(NVM_FEAT_TIMESTAMP, "timestamp", TIMERS, NULL),
	FEATURE(NVM_FEAT_KATO, "keep alive timer", FEATURES, NULL),
	FEATURE(NVM_FEAT_HOST_BEHAVIOR, "host behavior support", FEATURES, NULL),
	FEATURE(NVM_FEAT_IOCS_PROFILE, "I/O command set profile", FEATURES, NULL),
	FEATURE(NVM_FEAT_HOST_ID, "host identifier", FEATURES, NULL),
	FEATURE(NVM_FEAT_RESV_MASK, "reservation notification mask", FEATURES, NULL),
	FEATURE(NVM_FEAT_RESV_PERSIST, "reservation persistence", RESERVATIONS, NULL),
	FEATURE(NVM_FEAT_WRITE_PROTECT, "namespace write protection", FEATURES, NULL),

	ADMIN_OPCODE(NVM_ADMIN_DELETE_SQ, "delete submission queue", QUEUES, NULL),
	ADMIN_OPCODE(NVM_ADMIN_CREATE_SQ, "create submission queue", QUEUES, NULL),
	ADMIN_OPCODE(NVM_ADMIN_GET_LOG_PAGE, "get log page", 0, DRAINED),
	ADMIN_OPCODE(NVM_ADMIN_DELETE_CQ, "delete completion queue", QUEUES, NULL),
	ADMIN_OPCODE(NVM_ADMIN_CREATE_CQ, "create completion queue", QUEUES, NULL),
	ADMIN_OPCODE(NVM_ADMIN_IDENTIFY, "identify", 0, DRAINED),
	ADMIN_OPCODE(NVM_ADMIN_ABORT, "abort", 0, DRAINED),
	ADMIN_OPCODE(NVM_ADMIN_SET_FEATURES, "set features", FEATURES, NULL),
	ADMIN_OPCODE(NVM_ADMIN_GET_FEATURES, "get features", 0, DRAINED),
	ADMIN_OPCODE(NVM_ADMIN_ASYNC_EVENT, "asynchronous event request", EVENTS, NULL),
	ADMIN_OPCODE(NVM_ADMIN_KEEP_ALIVE, "keep alive", TIMERS, NULL),
	ADMIN_OPCODE(NVM_ADMIN_DOORBELL_BUFFER_CONFIG, "doorbell buffer config", SHADOW, NULL),

	IO_OPCODE(NVM_IO_FLUSH, "flush", 0, DRAINED),
	IO_OPCODE(NVM_IO_WRITE, "write", 0, DRAINED),
	IO_OPCODE(NVM_IO_READ, "read", 0, DRAINED),
	IO_OPCODE(NVM_IO_COMPARE, "compare", 0, DRAINED),
	IO_OPCODE(NVM_IO_WRITE_ZEROES, "write zeroes", 0, DRAINED),
	IO_OPCODE(NVM_IO_DSM, "dataset management", 0, DRAINED),
	IO_OPCODE(NVM_IO_VERIFY, "verify", 0, DRAINED),
	IO_OPCODE(NVM_IO_RESV_REGISTER, "reservation register", RESERVATIONS, NULL),
	IO_OPCODE(NVM_IO_RESV_REPORT, "reservation report", RESERVATIONS, NULL),
	IO_OPCODE(NVM_IO_RESV_ACQUIRE, "reservation acquire", RESERVATIONS, NULL),
	IO_OPCODE(NVM_IO_RESV_RELEASE, "reservation release", RESERVATIONS, NULL),

	PENDING("admin commands that have not been fetched", ADMIN_QUEUE, NULL),
	PENDING("I/O commands that have not been fetched", QUEUES, NULL),
	PENDING("commands that have been fetched", 0, DRAINED),
	PENDING("completions for which there is no room", UNPOSTED, NULL),
	PENDING("completions that have not been read", QUEUES | ADMIN_QUEUE, NULL),
	PENDING("asynchronous event requests", EVENTS, NULL),
	PENDING("events, and types that are masked", EVENTS, NULL),
	PENDING("the expiry of the keep alive timer", TIMERS, NULL),
	PENDING("interrupts, held back or not", 0,
		"a resume signals every vector with unread completions"),
	PENDING("doorbells that were written to memory alone", SHADOW, NULL),
	PENDING("a shutdown that has begun", REGISTERS, NULL),

	{ OBSERVABLE_DATA, 0, "of namespaces, on media that both devices reach", LOCATORS, NULL },
};

const size_t nr_observables = sizeof(observables) / sizeof(observables[0]);

const struct observable *observable_find(enum observable_kind kind, unsigned int number)
{
	for (size_t i = 0; i < nr_observables; i++) {
		if (observables[i].kind == kind && observables[i].number == number)
			return &observables[i];
	}
	return NULL;
}
