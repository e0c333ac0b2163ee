/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * The wire between the programs of two hosts: messages over TCP, each with a type and a length. It
 * knows nothing of what they mean.
 */
#ifndef VFIO_LAB_PEER_H
#define VFIO_LAB_PEER_H

#include <stddef.h>
#include <stdint.h>

/**
 * enum peer_type - messages
 * @PEER_HELLO: director to server: struct session_terms
 * @PEER_WELCOME: server to director: ready
 * @PEER_INCOMING: struct incoming, followed by PEER_STREAM and PEER_MEMORY
 * @PEER_STREAM: the device's stream
 * @PEER_MEMORY: guest memory
 * @PEER_ACCEPTED: the guest runs here
 * @PEER_REFUSED: text: it does not, go on yourself
 * @PEER_FINISHED: struct guest: all moves are done, this is how it went
 * @PEER_FAILED: text: give up
 * @PEER_PRECOPIED: struct precopied, followed by PEER_STREAM: what pre-copy had to offer of the
 *	next guest's stream. Answered like a guest, by PEER_ACCEPTED or PEER_REFUSED
 */
enum peer_type {
	PEER_HELLO	= 1,
	PEER_WELCOME	= 2,
	PEER_INCOMING	= 3,
	PEER_STREAM	= 4,
	PEER_MEMORY	= 5,
	PEER_ACCEPTED	= 6,
	PEER_REFUSED	= 7,
	PEER_FINISHED	= 8,
	PEER_FAILED	= 9,
	PEER_PRECOPIED	= 10,
};

/** peer_connect() - connect to "host:port", trying again for @timeout_ms; returns a socket or -1 */
int peer_connect(const char *address, unsigned int timeout_ms);

/** peer_listen() - listen on "host:port", an empty host means all; returns a socket or -1 */
int peer_listen(const char *address);

/** peer_accept() - wait for a connection; returns a socket or -1 */
int peer_accept(int listener, unsigned int timeout_ms);

/** peer_send() - send a message */
int peer_send(int link, uint32_t type, const void *data, size_t size);

/** peer_send_text() - send a message whose payload is @text with its end */
int peer_send_text(int link, uint32_t type, const char *text);

/**
 * peer_receive_head() - wait for the next message
 * @type: gets enum peer_type
 * @size: gets the size of its payload, at most 1 GiB
 */
int peer_receive_head(int link, uint32_t *type, size_t *size);

/** peer_receive() - receive exactly @size bytes of payload */
int peer_receive(int link, void *data, size_t size);

/**
 * peer_expect() - wait for a message of type @type with exactly @size bytes of payload
 *
 * Return: 0, PEER_SAID_NO when the peer refused, with its reason in peer_reason(), or -1.
 */
int peer_expect(int link, uint32_t type, void *data, size_t size);

#define PEER_SAID_NO 1

/** peer_reason() - what the peer gave as its latest reason; empty when it gave none */
const char *peer_reason(void);

#endif /* VFIO_LAB_PEER_H */
