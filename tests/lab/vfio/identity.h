/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * What a guest can see of its controller and must find unchanged after a move: registers, Identify
 * data, features, error log, counters, an outstanding event request. It only asks the device,
 * through the guest's own driver.
 */
#ifndef VFIO_LAB_IDENTITY_H
#define VFIO_LAB_IDENTITY_H

#include "machine.h"

/** identity_prepare() - set features to values of their own, cause an error entry, note it all */
int identity_prepare(struct machine *machine);

/** identity_fly() - submit an Identify Controller and leave it in flight */
int identity_fly(struct machine *machine);

/**
 * identity_check() - wait for what identity_fly() submitted and compare everything
 *
 * Differences are reported and counted in identity_errors.
 *
 * Return: 0, or -1 when a command did not complete or failed.
 */
int identity_check(struct machine *machine);

/**
 * identity_event() - provoke an event for the outstanding request, take it, submit a new request
 */
int identity_event(struct machine *machine);

#endif /* VFIO_LAB_IDENTITY_H */
