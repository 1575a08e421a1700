/* trust.h - who is trusted, who we are, and why somebody is not trusted, in words.
 *   eats    certificates that Mbed TLS is looking at; PEM files
 *   gives   the certificates that may have issued another; our own
 *   keeps   nothing beyond the call; words in the connection's fault
 *   knows   Amazon's roots, AWS_CA_BUNDLE, host names and addresses of certificates */
#ifndef RUSUDEN_NET_TRUST_H
#define RUSUDEN_NET_TRUST_H

#include "net/tls.h"

/* Mbed TLS's mbedtls_x509_crt_ca_cb_t: whoever bears the name of the child's issuer. The first
 * argument is a struct tls. */
int trust_find(void *tls, const mbedtls_x509_crt *child, mbedtls_x509_crt **found);

/* Mbed TLS's verification callback: compares addresses, puts what is wrong into words, and where
 * nothing is, loads our own certificate and key from the files that t->trust names. */
int trust_judge(void *tls, mbedtls_x509_crt *certificate, int depth, uint32_t *flags);

/* Frees what was loaded. */
void trust_drop(struct tls *t);

#endif
