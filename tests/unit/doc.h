/* doc.h - documents typed by hand: ids in hexadecimal, sizes by bracket.
 *   eats    text: hex bytes; 'text'; 00*64 repeats a byte; ( ) a known size, < > an unknown one
 *   gives   the bytes, in a static buffer until the next call, or wherever asked
 *   keeps   nothing of src/: ids are typed from RFC 9559 section 5.1 and RFC 8794 section 11.2
 *   knows   RFC 8794 section 4: the shortest size that is not all ones; 01FFFFFFFFFFFFFF = unknown */
#ifndef TESTS_UNIT_DOC_H
#define TESTS_UNIT_DOC_H

#include "base/span.h"

enum { DOC_BYTES_MAX = 256 * 1024 };

struct span doc(const char *text);
size_t doc_write(uint8_t *to, size_t room, const char *text);

/* Pieces of documents. */
#define HEADER "1A45DFA3(4282('matroska'))"
#define SEGMENT(...) "18538067<" __VA_ARGS__ ">"
#define UID(x) "1549A966(73A4(" x "*16))"
#define TRACK(number, more) "AE(D7(" number ")83(02)" more ")"
#define TRACKS(...) "1654AE6B(" __VA_ARGS__ ")"
#define NAME(text) "536E('" text "')"
#define FROM NAME("AUDIO_FROM_CUSTOMER")
#define TO NAME("AUDIO_TO_CUSTOMER")
#define CUSTOMER_TRACK TRACKS(TRACK("01", FROM))
#define BOTH_TRACKS TRACKS(TRACK("01", FROM) TRACK("02", TO))
#define CLUSTER(timecode, ...) "1F43B675<E7(" timecode ")" __VA_ARGS__ ">"
#define BLOCK(track, ticks, sound) "A3(" track " " ticks " 80 " sound ")"
#define SIMPLE(name, value) "67C8(45A3('" name "')4487('" value "'))"
#define TAGS(...) "1254C367(7373(" __VA_ARGS__ "))"
#define CONTACT(id) TAGS(SIMPLE("ContactId", id))

#endif
