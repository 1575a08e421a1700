#include "net/lent.h"

#include "base/budget.h"
#include "port.h"
#include "text/utc.h"

#include <mbedtls/platform.h>
#include <mbedtls/platform_time.h>
#include <mbedtls/platform_util.h>
#include <psa/crypto.h>

static struct arena *in_use;
static struct arena shared;
static uint64_t shared_memory[TLS_SHARED_ARENA_BYTES / sizeof(uint64_t)];

void lent_use(struct arena *a)
{
    in_use = a;
}

static void *get(size_t count, size_t size)
{
    return arena_get(in_use != NULL ? in_use : &shared, count, size);
}

/* What is neither shared nor of the connection at hand is asserted by arena_put. */
static void put(void *piece)
{
    if (piece == NULL) return;
    const bool of_nobody = in_use == NULL || arena_holds(&shared, piece);
    arena_put(of_nobody ? &shared : in_use, piece);
}

size_t lent_shared_peak(void)
{
    return shared.peak;
}

static mbedtls_time_t seconds(mbedtls_time_t *to)
{
    const mbedtls_time_t now = (mbedtls_time_t)(port_utc_ms() / 1000);
    if (to != NULL) *to = now;
    return now;
}

/* For the age of tickets. */
mbedtls_ms_time_t mbedtls_ms_time(void)
{
    return (mbedtls_ms_time_t)port_now_ms();
}

static int digits(const uint8_t *at, unsigned count)
{
    int value = 0;
    while (count-- > 0)
        value = value * 10 + (*at++ - '0');
    return value;
}

/* The calendar is text/utc's: "2024-09-18T16:21:28.724Z". */
struct tm *mbedtls_platform_gmtime_r(const mbedtls_time_t *tt, struct tm *tm_buf)
{
    uint8_t text[40];
    struct writer w = writer_on(text, sizeof text);
    utc_write(&w, (int64_t)*tt * 1000);
    if (w.len != sizeof "2024-09-18T16:21:28.724Z" - 1) return NULL; /* beyond the year 9999 */
    *tm_buf = (struct tm){
        .tm_year = digits(text, 4) - 1900,
        .tm_mon = digits(text + 5, 2) - 1,
        .tm_mday = digits(text + 8, 2),
        .tm_hour = digits(text + 11, 2),
        .tm_min = digits(text + 14, 2),
        .tm_sec = digits(text + 17, 2),
    };
    return tm_buf;
}

psa_status_t mbedtls_psa_external_get_random(mbedtls_psa_external_random_context_t *context,
                                             uint8_t *output, size_t output_size,
                                             size_t *output_length)
{
    (void)context;
    if (!port_random(output, output_size)) return PSA_ERROR_INSUFFICIENT_ENTROPY;
    *output_length = output_size;
    return PSA_SUCCESS;
}

bool lent_setup(void)
{
    uint8_t dice[16];
    if (!port_random(dice, sizeof dice)) return false;
    if (shared.memory == NULL) {
        arena_init(&shared, shared_memory, sizeof shared_memory);
        mbedtls_platform_set_calloc_free(get, put);
        mbedtls_platform_set_time(seconds);
    }
    return psa_crypto_init() == PSA_SUCCESS;
}

/* Declared here because the headers that do are Mbed TLS's own (library/aesni.h, aesce.h). */
#if defined(__x86_64__) || defined(__i386__)
int mbedtls_aesni_has_support(unsigned int what);

bool lent_fast_aes(void)
{
    return mbedtls_aesni_has_support(0x02000000u) != 0; /* MBEDTLS_AESNI_AES */
}
#elif defined(__aarch64__)
int mbedtls_aesce_has_support_impl(void);

bool lent_fast_aes(void)
{
    return mbedtls_aesce_has_support_impl() != 0;
}
#else
bool lent_fast_aes(void)
{
    return false;
}
#endif
