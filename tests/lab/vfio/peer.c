// SPDX-License-Identifier: BSD-2-Clause
/*
 * Messages over TCP. Both ends are this program on a private wire; lengths are checked all the
 * same.
 */
#include "peer.h"

#include <endian.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "report.h"

#define PEER_MAGIC		0x766d766eu
#define PEER_SIZE_MAX		(1ull << 30)
#define PEER_SILENCE_SECONDS	100
#define PEER_TEXT_MAX		1024

static char reason[PEER_TEXT_MAX];

struct peer_head {
	uint32_t magic;
	uint32_t type;
	uint64_t size;
};

static int resolve(const char *address, int flags, struct addrinfo **list)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = flags };
	const char *colon = strrchr(address, ':');
	char host[256];
	int error;

	if (!colon || (size_t)(colon - address) >= sizeof(host))
		return fail("address \"%s\": host:port expected", address);
	memcpy(host, address, (size_t)(colon - address));
	host[colon - address] = '\0';
	error = getaddrinfo(host[0] ? host : NULL, colon + 1, &hints, list);
	if (error)
		return fail("address \"%s\": %s", address, gai_strerror(error));
	return 0;
}

static void set_options(int link)
{
	struct timeval silence = { .tv_sec = PEER_SILENCE_SECONDS };
	int on = 1;

	setsockopt(link, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(link, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence));
	setsockopt(link, SOL_SOCKET, SO_SNDTIMEO, &silence, sizeof(silence));
}

static int try_connect(const struct addrinfo *list)
{
	int link = socket(list->ai_family, list->ai_socktype | SOCK_CLOEXEC, list->ai_protocol);

	if (link < 0)
		return -1;
	if (connect(link, list->ai_addr, list->ai_addrlen)) {
		close(link);
		return -1;
	}
	set_options(link);
	return link;
}

int peer_connect(const char *address, unsigned int timeout_ms)
{
	uint64_t end = now_us() + timeout_ms * 1000ull;
	struct addrinfo *list;
	int link;

	if (resolve(address, 0, &list))
		return -1;
	while ((link = try_connect(list)) < 0 && now_us() < end)
		sleep_us(100000);
	freeaddrinfo(list);
	if (link < 0)
		return fail("%s: no connection in %u ms: %s", address, timeout_ms, strerror(errno));
	return link;
}

int peer_listen(const char *address)
{
	struct addrinfo *list;
	int listener, on = 1;

	if (resolve(address, AI_PASSIVE, &list))
		return -1;
	listener = socket(list->ai_family, list->ai_socktype | SOCK_CLOEXEC, list->ai_protocol);
	if (listener >= 0)
		setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (listener < 0 || bind(listener, list->ai_addr, list->ai_addrlen) ||
	    listen(listener, 1)) {
		freeaddrinfo(list);
		return fail("%s: cannot listen: %s", address, strerror(errno));
	}
	freeaddrinfo(list);
	return listener;
}

int peer_accept(int listener, unsigned int timeout_ms)
{
	struct pollfd event = { .fd = listener, .events = POLLIN };
	uint64_t end = now_us() + timeout_ms * 1000ull;
	int link;

	do {
		watchdog_begin("waiting for a connection");
		if (now_us() > end)
			return fail("nobody connected in %u ms", timeout_ms);
	} while (poll(&event, 1, 1000) <= 0);
	link = accept(listener, NULL, NULL);
	if (link < 0)
		return fail("accept: %s", strerror(errno));
	set_options(link);
	return link;
}

static int send_all(int link, const void *data, size_t size)
{
	const uint8_t *byte = data;

	while (size) {
		ssize_t sent = send(link, byte, size, MSG_NOSIGNAL);

		if (sent <= 0)
			return fail("peer: sending, %zu bytes left: %s", size, strerror(errno));
		byte += sent;
		size -= (size_t)sent;
		watchdog_begin("sending to the peer");
	}
	return 0;
}

int peer_send(int link, uint32_t type, const void *data, size_t size)
{
	struct peer_head head = {
		.magic = htole32(PEER_MAGIC),
		.type = htole32(type),
		.size = htole64(size),
	};

	watchdog_begin("sending to the peer");
	if (send_all(link, &head, sizeof(head)))
		return -1;
	return size ? send_all(link, data, size) : 0;
}

int peer_send_text(int link, uint32_t type, const char *text)
{
	char copy[PEER_TEXT_MAX];

	snprintf(copy, sizeof(copy), "%s", text);
	return peer_send(link, type, copy, strlen(copy) + 1);
}

int peer_receive(int link, void *data, size_t size)
{
	uint8_t *byte = data;

	while (size) {
		ssize_t received = recv(link, byte, size, 0);

		if (received < 0)
			return fail("peer: receiving, %zu bytes left: %s", size, strerror(errno));
		if (!received)
			return fail("peer: connection closed, %zu bytes left", size);
		byte += received;
		size -= (size_t)received;
		watchdog_begin("receiving from the peer");
	}
	return 0;
}

int peer_receive_head(int link, uint32_t *type, size_t *size)
{
	struct peer_head head;

	watchdog_begin("waiting for the peer");
	if (peer_receive(link, &head, sizeof(head)))
		return -1;
	if (le32toh(head.magic) != PEER_MAGIC)
		return fail("peer: magic: expected %#x, received %#x", PEER_MAGIC,
			    le32toh(head.magic));
	if (le64toh(head.size) > PEER_SIZE_MAX)
		return fail("peer: message %u: at most %llu bytes possible, %llu announced",
			    le32toh(head.type), PEER_SIZE_MAX,
			    (unsigned long long)le64toh(head.size));
	*type = le32toh(head.type);
	*size = le64toh(head.size);
	return 0;
}

static int receive_reason(int link, size_t size)
{
	if (!size || size > sizeof(reason))
		return fail("peer: 1 to %zu bytes of text possible, %zu announced", sizeof(reason),
			    size);
	if (peer_receive(link, reason, size))
		return -1;
	reason[size - 1] = '\0';
	return 0;
}

const char *peer_reason(void)
{
	return reason;
}

int peer_expect(int link, uint32_t type, void *data, size_t size)
{
	uint32_t received_type;
	size_t received_size;

	if (peer_receive_head(link, &received_type, &received_size))
		return -1;
	if (received_type == PEER_REFUSED || received_type == PEER_FAILED) {
		if (receive_reason(link, received_size))
			return -1;
		if (received_type == PEER_REFUSED)
			return PEER_SAID_NO;
		return fail("peer failed: %s", reason);
	}
	if (received_type != type || received_size != size)
		return fail("peer: message %u with %zu bytes expected, %u with %zu received", type,
			    size, received_type, received_size);
	return size ? peer_receive(link, data, size) : 0;
}
