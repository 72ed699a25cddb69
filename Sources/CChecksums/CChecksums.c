#include "CChecksums.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

int cchecksums_has_crc32c(void) {
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_2) != 0 && (c & bit_PCLMUL) != 0;
}

int cchecksums_has_sha256(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    if ((c & bit_SSSE3) == 0 || (c & bit_SSE4_1) == 0) return 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    return (b & (1u << 29)) != 0;
}

// The instruction gives a result each cycle but takes three, so three stretches are summed side by
// side. Joining them needs the sum of a stretch moved over the bytes that follow it: a product without
// carries with a power of x, which the next `crc32` reduces. (Gopal and others, "Fast CRC Computation
// for iSCSI Polynomial Using CRC32 Instruction", Intel 2011.)
enum { longest = 1024 };
// Entry k: x to the power of 64 k - 33, modulo the polynomial.
static uint32_t moved[2 * longest / 8 + 2];

__attribute__((constructor)) static void make_powers(void) {
    uint32_t power = 1;  // x to the 31st: the bits are reflected
    for (size_t k = 1; k < sizeof moved / sizeof *moved; k++) {
        moved[k] = power;
        for (int bit = 0; bit < 64; bit++) power = power >> 1 ^ (power & 1 ? 0x82f63b78 : 0);
    }
}

__attribute__((target("pclmul"))) static inline __m128i move(uint64_t crc, uint32_t power) {
    return _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)crc), _mm_cvtsi32_si128((int)power), 0);
}

static inline uint64_t word(const uint8_t *bytes) {
    uint64_t value;
    memcpy(&value, bytes, 8);
    return value;
}

__attribute__((target("sse4.2,pclmul"))) uint32_t cchecksums_crc32c(uint32_t crc, const void *bytes,
                                                                    size_t length) {
    const uint8_t *next = bytes;
    uint64_t value = (uint32_t)~crc;
    while (length >= 64) {
        // The last word of the third stretch takes the sums of the other two in.
        size_t stretch = (length - 8) / 24 * 8;
        if (stretch > longest) stretch = longest;
        uint64_t second = 0, third = 0;
        for (const uint8_t *end = next + stretch; next < end; next += 8) {
            value = _mm_crc32_u64(value, word(next));
            second = _mm_crc32_u64(second, word(next + stretch));
            third = _mm_crc32_u64(third, word(next + 2 * stretch));
        }
        next += 2 * stretch;
        __m128i sums = _mm_xor_si128(move(value, moved[stretch / 4 + 1]),
                                     move(second, moved[stretch / 8 + 1]));
        value = _mm_crc32_u64(third, word(next) ^ (uint64_t)_mm_cvtsi128_si64(sums));
        next += 8;
        length -= 3 * stretch + 8;
    }
    while (length >= 8) {
        value = _mm_crc32_u64(value, word(next));
        next += 8;
        length -= 8;
    }
    while (length--) value = _mm_crc32_u8((uint32_t)value, *next++);
    return ~(uint32_t)value;
}

static const uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

// The instructions keep the state as (A, B, E, F) and (C, D, G, H); `enter` and `leave` turn it from
// and into the order of the standard. Intel's "SHA Extensions" white paper has the schedule.
typedef struct {
    __m128i s0, s1;
} halves;

#define SHA __attribute__((target("sha,sse4.1,ssse3")))

SHA static inline halves enter(const uint32_t state[8]) {
    __m128i t = _mm_shuffle_epi32(_mm_loadu_si128((const void *)state), 0xB1);
    __m128i u = _mm_shuffle_epi32(_mm_loadu_si128((const void *)(state + 4)), 0x1B);
    return (halves){_mm_alignr_epi8(t, u, 8), _mm_blend_epi16(u, t, 0xF0)};
}

SHA static inline void leave(halves h, uint32_t state[8]) {
    __m128i t = _mm_shuffle_epi32(h.s0, 0x1B), u = _mm_shuffle_epi32(h.s1, 0xB1);
    _mm_storeu_si128((void *)state, _mm_blend_epi16(t, u, 0xF0));
    _mm_storeu_si128((void *)(state + 4), _mm_alignr_epi8(u, t, 8));
}

SHA static inline void load(__m128i m[4], const uint8_t *block) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bULL, 0x0405060700010203ULL);
    for (int i = 0; i < 4; i++)
        m[i] = _mm_shuffle_epi8(_mm_loadu_si128((const void *)(block + 16 * i)), swap);
}

// Four rounds, and the four words of the message that come sixteen later.
SHA static inline __attribute__((always_inline)) void rounds(halves *h, __m128i m[4], int r) {
    __m128i x = _mm_add_epi32(m[r & 3], _mm_loadu_si128((const void *)(constants + 4 * r)));
    h->s1 = _mm_sha256rnds2_epu32(h->s1, h->s0, x);
    h->s0 = _mm_sha256rnds2_epu32(h->s0, h->s1, _mm_shuffle_epi32(x, 0x0E));
    if (r < 12) {
        __m128i w = _mm_sha256msg1_epu32(m[r & 3], m[(r + 1) & 3]);
        w = _mm_add_epi32(w, _mm_alignr_epi8(m[(r + 3) & 3], m[(r + 2) & 3], 4));
        m[r & 3] = _mm_sha256msg2_epu32(w, m[(r + 3) & 3]);
    }
}

SHA static inline halves sum(halves a, halves b) {
    return (halves){_mm_add_epi32(a.s0, b.s0), _mm_add_epi32(a.s1, b.s1)};
}

SHA static inline halves compress(halves h, const uint8_t *block) {
    halves before = h;
    __m128i m[4];
    load(m, block);
#pragma clang loop unroll(full)
    for (int r = 0; r < 16; r++) rounds(&h, m, r);
    return sum(h, before);
}

SHA void cchecksums_sha256_blocks(uint32_t state[8], const void *bytes, size_t blocks) {
    halves h = enter(state);
    for (const uint8_t *next = bytes; blocks--; next += 64) h = compress(h, next);
    leave(h, state);
}

// A message as blocks: those of its own, then one or two with what is left, the padding and the length.
typedef struct {
    const uint8_t *bytes;
    size_t own, all;
    uint8_t tail[128];
} message;

static inline void prepare(message *m, const void *bytes, size_t length) {
    size_t rest = length % 64;
    m->bytes = bytes;
    m->own = length / 64;
    m->all = m->own + (rest < 56 ? 1 : 2);
    size_t padded = (m->all - m->own) * 64;
    if (rest) memcpy(m->tail, m->bytes + length - rest, rest);
    memset(m->tail + rest, 0, padded - rest);
    m->tail[rest] = 0x80;
    uint64_t bits = __builtin_bswap64((uint64_t)length * 8);
    memcpy(m->tail + padded - 8, &bits, 8);
}

static inline const uint8_t *block(const message *m, size_t k) {
    return k < m->own ? m->bytes + 64 * k : m->tail + 64 * (k - m->own);
}

static const uint32_t start[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                  0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

SHA void cchecksums_sha256(const void *bytes, size_t length, uint32_t hash[8]) {
    message m;
    prepare(&m, bytes, length);
    halves h = enter(start);
    for (size_t k = 0; k < m.all; k++) h = compress(h, block(&m, k));
    leave(h, hash);
}

// A round waits for the one before it: two messages side by side fill the pauses.
SHA void cchecksums_sha256_two(const void *bytes_a, size_t length_a, uint32_t hash_a[8],
                               const void *bytes_b, size_t length_b, uint32_t hash_b[8]) {
    message a, b;
    prepare(&a, bytes_a, length_a);
    prepare(&b, bytes_b, length_b);
    halves ha = enter(start), hb = ha;
    size_t k = 0;
    for (; k < a.all && k < b.all; k++) {
        halves before_a = ha, before_b = hb;
        __m128i ma[4], mb[4];
        load(ma, block(&a, k));
        load(mb, block(&b, k));
#pragma clang loop unroll(full)
        for (int r = 0; r < 16; r++) {
            rounds(&ha, ma, r);
            rounds(&hb, mb, r);
        }
        ha = sum(ha, before_a);
        hb = sum(hb, before_b);
    }
    for (size_t i = k; i < a.all; i++) ha = compress(ha, block(&a, i));
    for (size_t i = k; i < b.all; i++) hb = compress(hb, block(&b, i));
    leave(ha, hash_a);
    leave(hb, hash_b);
}

#else

int cchecksums_has_crc32c(void) { return 0; }
int cchecksums_has_sha256(void) { return 0; }
uint32_t cchecksums_crc32c(uint32_t crc, const void *bytes, size_t length) {
    (void)crc, (void)bytes, (void)length;
    abort();
}
void cchecksums_sha256_blocks(uint32_t state[8], const void *bytes, size_t blocks) {
    (void)state, (void)bytes, (void)blocks;
    abort();
}
void cchecksums_sha256(const void *bytes, size_t length, uint32_t hash[8]) {
    (void)bytes, (void)length, (void)hash;
    abort();
}
void cchecksums_sha256_two(const void *bytes_a, size_t length_a, uint32_t hash_a[8],
                           const void *bytes_b, size_t length_b, uint32_t hash_b[8]) {
    (void)bytes_a, (void)length_a, (void)hash_a, (void)bytes_b, (void)length_b, (void)hash_b;
    abort();
}

#endif
