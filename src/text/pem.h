/* pem.h - DER out of PEM text (RFC 7468), one block at a time. */
#ifndef RUSUDEN_TEXT_PEM_H
#define RUSUDEN_TEXT_PEM_H
#endif
