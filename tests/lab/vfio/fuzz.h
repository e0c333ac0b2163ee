/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * Streams by the number: each is made from good ones by random changes that know what a stream and
 * a controller state are made of. The same numbers and the same good streams give the same bytes.
 * It only makes bytes; what they are worth is for others to say.
 */
#ifndef VFIO_LAB_FUZZ_H
#define VFIO_LAB_FUZZ_H

#include "stream.h"

#define FUZZ_CORPUS 3

/** enum fuzz_kind - what was changed; where checksums are made right afterwards, it says so */
enum fuzz_kind {
	FUZZ_BYTES,	/* bytes of the stream, nothing made right */
	FUZZ_FRAMING,	/* records: repeated, moved, left out, foreign; right checksums */
	FUZZ_FIELDS,	/* fields of headers, hello and end; right checksums */
	FUZZ_SPLICED,	/* the front of one stream and the back of another */
	FUZZ_HARMLESS,	/* cut differently, more to skip: still a good stream of the same state */
	FUZZ_DAMAGED,	/* bits of the state; right checksums of the stream */
	FUZZ_SECTIONS,	/* the state's queues and sections; right checksums throughout */
	FUZZ_QUESTION,	/* what the source's controller asks; right checksums throughout */
	FUZZ_LIMITS,	/* the largest sizes that there are */
	FUZZ_KINDS,
};

/** fuzz_kind_name() - for messages and reports */
const char *fuzz_kind_name(enum fuzz_kind kind);

/** struct fuzz_corpus - good streams of one controller at different times; owned */
struct fuzz_corpus {
	struct bytes stream[FUZZ_CORPUS];
};

/**
 * fuzz_make() - make stream @number
 * @seed: of the whole run
 * @kinds: bit map of enum fuzz_kind to choose from
 * @stream: gets the bytes; must be empty
 * @kind: gets what was done
 * @chunk: gets how many bytes at a time it is to be written, 0 for as much as fits
 *
 * Return: 0, or -1 with the reason reported, when memory is short or a good stream is not good.
 */
int fuzz_make(const struct fuzz_corpus *corpus, uint64_t seed, uint64_t number, unsigned int kinds,
	      struct bytes *stream, enum fuzz_kind *kind, size_t *chunk);

#endif /* VFIO_LAB_FUZZ_H */
