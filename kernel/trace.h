/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Trace points: one at the end of every arc of the migration state machine, of every command to the
 * device and of every question, each with its duration; one where a stream begins and ends, and one
 * after every reset. Nothing here changes what the driver does.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM nvme_vfio_pci

#if !defined(NVMOVE_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define NVMOVE_TRACE_H

#include <linux/device.h>
#include <linux/tracepoint.h>
#include <linux/vfio.h>

TRACE_DEFINE_ENUM(VFIO_DEVICE_STATE_ERROR);
TRACE_DEFINE_ENUM(VFIO_DEVICE_STATE_STOP);
TRACE_DEFINE_ENUM(VFIO_DEVICE_STATE_RUNNING);
TRACE_DEFINE_ENUM(VFIO_DEVICE_STATE_STOP_COPY);
TRACE_DEFINE_ENUM(VFIO_DEVICE_STATE_RESUMING);
TRACE_DEFINE_ENUM(VFIO_DEVICE_STATE_RUNNING_P2P);
TRACE_DEFINE_ENUM(VFIO_DEVICE_STATE_PRE_COPY);
TRACE_DEFINE_ENUM(VFIO_DEVICE_STATE_PRE_COPY_P2P);

#define show_mig_state(state)						\
	__print_symbolic(state,						\
		{ VFIO_DEVICE_STATE_ERROR,		"ERROR" },	\
		{ VFIO_DEVICE_STATE_STOP,		"STOP" },	\
		{ VFIO_DEVICE_STATE_RUNNING,		"RUNNING" },	\
		{ VFIO_DEVICE_STATE_STOP_COPY,		"STOP_COPY" },	\
		{ VFIO_DEVICE_STATE_RESUMING,		"RESUMING" },	\
		{ VFIO_DEVICE_STATE_RUNNING_P2P,	"RUNNING_P2P" },	\
		{ VFIO_DEVICE_STATE_PRE_COPY,		"PRE_COPY" },	\
		{ VFIO_DEVICE_STATE_PRE_COPY_P2P,	"PRE_COPY_P2P" })

TRACE_EVENT(nvme_vfio_arc,
	    TP_PROTO(const struct device *dev, u32 from, u32 to, int result, u64 duration_ns),
	    TP_ARGS(dev, from, to, result, duration_ns),

	    TP_STRUCT__entry(__string(device, dev_name(dev))
			     __field(u32, from)
			     __field(u32, to)
			     __field(int, result)
			     __field(u64, duration_ns)
	    ),

	    TP_fast_assign(__assign_str(device);
			   __entry->from = from;
			   __entry->to = to;
			   __entry->result = result;
			   __entry->duration_ns = duration_ns;
	    ),

	    TP_printk("device=%s from=%s to=%s result=%d duration_ns=%llu",
		      __get_str(device), show_mig_state(__entry->from),
		      show_mig_state(__entry->to), __entry->result, __entry->duration_ns)
);

TRACE_EVENT(nvme_vfio_cmd,
	    TP_PROTO(const struct device *dev, const char *command, u32 bytes, int status,
		     u64 duration_ns),
	    TP_ARGS(dev, command, bytes, status, duration_ns),

	    TP_STRUCT__entry(__string(device, dev_name(dev))
			     __string(command, command)
			     __field(u32, bytes)
			     __field(int, status)
			     __field(u64, duration_ns)
	    ),

	    TP_fast_assign(__assign_str(device);
			   __assign_str(command);
			   __entry->bytes = bytes;
			   __entry->status = status;
			   __entry->duration_ns = duration_ns;
	    ),

	    TP_printk("device=%s command=%s bytes=%u status=%d duration_ns=%llu",
		      __get_str(device), __get_str(command), __entry->bytes, __entry->status,
		      __entry->duration_ns)
);

TRACE_EVENT(nvme_vfio_compat,
	    TP_PROTO(const struct device *dev, const char *operation, u32 bytes, int result,
		     u64 duration_ns),
	    TP_ARGS(dev, operation, bytes, result, duration_ns),

	    TP_STRUCT__entry(__string(device, dev_name(dev))
			     __string(operation, operation)
			     __field(u32, bytes)
			     __field(int, result)
			     __field(u64, duration_ns)
	    ),

	    TP_fast_assign(__assign_str(device);
			   __assign_str(operation);
			   __entry->bytes = bytes;
			   __entry->result = result;
			   __entry->duration_ns = duration_ns;
	    ),

	    TP_printk("device=%s operation=%s bytes=%u result=%d duration_ns=%llu",
		      __get_str(device), __get_str(operation), __entry->bytes, __entry->result,
		      __entry->duration_ns)
);

DECLARE_EVENT_CLASS(nvme_vfio_stream,
		    TP_PROTO(const struct device *dev, const char *direction, u64 bytes),
		    TP_ARGS(dev, direction, bytes),

		    TP_STRUCT__entry(__string(device, dev_name(dev))
				     __string(direction, direction)
				     __field(u64, bytes)
		    ),

		    TP_fast_assign(__assign_str(device);
				   __assign_str(direction);
				   __entry->bytes = bytes;
		    ),

		    TP_printk("device=%s direction=%s bytes=%llu", __get_str(device),
			      __get_str(direction), __entry->bytes)
);

DEFINE_EVENT(nvme_vfio_stream, nvme_vfio_stream_begin,
	     TP_PROTO(const struct device *dev, const char *direction, u64 bytes),
	     TP_ARGS(dev, direction, bytes)
);

DEFINE_EVENT(nvme_vfio_stream, nvme_vfio_stream_end,
	     TP_PROTO(const struct device *dev, const char *direction, u64 bytes),
	     TP_ARGS(dev, direction, bytes)
);

TRACE_EVENT(nvme_vfio_reset,
	    TP_PROTO(const struct device *dev, bool deferred),
	    TP_ARGS(dev, deferred),

	    TP_STRUCT__entry(__string(device, dev_name(dev))
			     __field(bool, deferred)
	    ),

	    TP_fast_assign(__assign_str(device);
			   __entry->deferred = deferred;
	    ),

	    TP_printk("device=%s deferred=%d", __get_str(device), __entry->deferred)
);

#endif /* NVMOVE_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
