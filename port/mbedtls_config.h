/* mbedtls_config.h - what of Mbed TLS is built: a TLS 1.2 and 1.3 client, and hashes for SigV4.
 *   eats    nothing; the build names it as MBEDTLS_CONFIG_FILE instead of Mbed TLS's own
 *   gives   a client that speaks to AWS: ECDHE with RSA or ECDSA certificates, AEAD ciphers only
 *   keeps   no heap and no entropy pool: memory and chance are lent by the port
 *   knows   sizes that were measured; Mbed TLS's own check_config.h looks for contradictions */
#ifndef RUSUDEN_MBEDTLS_CONFIG_H
#define RUSUDEN_MBEDTLS_CONFIG_H

/* The machine. With NO_STD_FUNCTIONS nothing refers to malloc: every allocation fails until
 * mbedtls_platform_set_calloc_free() has lent our arena. */
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_NO_STD_FUNCTIONS
#define MBEDTLS_PLATFORM_STD_MEM_HDR <stdio.h> /* for the one standard function that stays: */
#define MBEDTLS_PLATFORM_SNPRINTF_MACRO snprintf
#define MBEDTLS_HAVE_ASM
#define MBEDTLS_HAVE_TIME
#define MBEDTLS_HAVE_TIME_DATE /* certificates expire */
/* Both clocks are the port's, so that a simulator's rule. The calendar is ours, as libc's gmtime_r
 * opens the file of the local time zone, with a heap. See src/net/lent.c. */
#define MBEDTLS_PLATFORM_TIME_ALT
#define MBEDTLS_PLATFORM_MS_TIME_ALT
#define MBEDTLS_PLATFORM_GMTIME_R_ALT

/* Ciphers. The AES tables are constants: computed ones would lie in RAM. AESNI_C and AESCE_C choose
 * at run time. */
#define MBEDTLS_CIPHER_C
#define MBEDTLS_AES_C
#define MBEDTLS_AES_ROM_TABLES
#define MBEDTLS_AESNI_C
#define MBEDTLS_AESCE_C
#define MBEDTLS_GCM_C
#define MBEDTLS_CHACHA20_C
#define MBEDTLS_POLY1305_C
#define MBEDTLS_CHACHAPOLY_C

/* Hashes: SHA-256 for SigV4 and most suites, SHA-384 and SHA-512 for AES-256 suites and roots. */
#define MBEDTLS_MD_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C
#define MBEDTLS_SHA256_USE_ARMV8_A_CRYPTO_IF_PRESENT
#define MBEDTLS_SHA512_USE_A64_CRYPTO_IF_PRESENT
#define MBEDTLS_HKDF_C

/* Public keys. Roots have up to 4096 bits. Without NIST_OPTIM P-256 is five times slower. */
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_MPI_MAX_SIZE 512
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_DP_CURVE25519_ENABLED
#define MBEDTLS_ECDH_C
#define MBEDTLS_ECDSA_C
#define MBEDTLS_RSA_C
#define MBEDTLS_PKCS1_V15
#define MBEDTLS_PKCS1_V21
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_OID_C
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C

/* Certificates. RSASSA-PSS although no chain of AWS uses it: without it a TLS 1.3 client does not
 * offer rsa_pss_* and RSA servers answer handshake_failure; check_config.h does not notice. */
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_RSASSA_PSS_SUPPORT
#define MBEDTLS_X509_TRUSTED_CERTIFICATE_CALLBACK
#define MBEDTLS_X509_MAX_INTERMEDIATE_CA 8
#define MBEDTLS_X509_REMOVE_INFO /* texts for people: ours are shorter, and without printf */

/* TLS. A server may send records of 16 KiB; ours are smaller. VARIABLE_BUFFER_LENGTH stays off: it
 * shrinks the in-buffer to the lesser of the two and breaks TLS 1.2 downloads. */
#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_SERVER_NAME_INDICATION
#define MBEDTLS_SSL_IN_CONTENT_LEN 16384
#define MBEDTLS_SSL_OUT_CONTENT_LEN 4096
#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#define MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_SSL_PROTO_TLS1_3
#define MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE /* TLS 1.3 insists */
/* A connection that is opened again resumes: no chain, one signature less. With a fresh key
 * exchange only. */
#define MBEDTLS_SSL_SESSION_TICKETS
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL_ENABLED

/* PSA, because TLS 1.3 is built on it. Chance comes from mbedtls_psa_external_get_random() in the
 * port, so there is neither ENTROPY_C nor CTR_DRBG_C. psa_crypto_init() goes before the first
 * handshake. KEY_STORE_DYNAMIC stays off: it would leave the store's slices in the arena of the
 * connection that came first. A handshake has one key of its own and one on the way. */
#define MBEDTLS_PSA_CRYPTO_C
#define MBEDTLS_PSA_CRYPTO_EXTERNAL_RNG
#define MBEDTLS_PSA_KEY_SLOT_COUNT 8
/* Caller and library share one memory: no copies of what goes in and out. */
#define MBEDTLS_PSA_ASSUME_EXCLUSIVE_BUFFERS

#endif
