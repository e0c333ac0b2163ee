/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU generates the trace points of this directory from trace-events. */
#include "trace/trace-hw_nvmove.h"
