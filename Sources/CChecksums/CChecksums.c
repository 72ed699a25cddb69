#include "CChecksums.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#include <cpuid.h>
#include <immintrin.h>

int cchecksums_has_crc32c(void) {
    unsigned a, b, c, d;
    return __get_cpuid(1, &a, &b, &c, &d) && (c & bit_SSE4_2) != 0;
}

int cchecksums_has_sha256(void) {
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d)) return 0;
    if ((c & bit_SSSE3) == 0 || (c & bit_SSE4_1) == 0) return 0;
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d)) return 0;
    return (b & (1u << 29)) != 0;
}

// The instruction gives a result each cycle but takes three, so three stretches are summed side by
// side. Joining them needs the sum of the first after as many zero bytes as follow it: a linear map,
// kept as four tables of 256 entries. (Mark Adler's method.)
enum { stretch = 256 };
static uint32_t shifted[4][256];

static uint32_t times(const uint32_t *matrix, uint32_t vector) {
    uint32_t sum = 0;
    for (; vector; vector >>= 1, matrix++)
        if (vector & 1) sum ^= *matrix;
    return sum;
}

__attribute__((constructor)) static void make_tables(void) {
    uint32_t odd[32], even[32];
    // One zero bit, then squared as often as doubles it to eight times the stretch.
    odd[0] = 0x82f63b78;
    for (int n = 1; n < 32; n++) odd[n] = 1u << (n - 1);
    for (size_t bits = 1; bits < 8 * stretch; bits *= 2) {
        for (int n = 0; n < 32; n++) even[n] = times(odd, odd[n]);
        memcpy(odd, even, sizeof odd);
    }
    for (uint32_t n = 0; n < 256; n++)
        for (int k = 0; k < 4; k++) shifted[k][n] = times(odd, n << (8 * k));
}

static inline uint64_t shift(uint64_t crc) {
    return shifted[0][crc & 255] ^ shifted[1][crc >> 8 & 255] ^ shifted[2][crc >> 16 & 255] ^
           shifted[3][crc >> 24 & 255];
}

__attribute__((target("sse4.2"))) uint32_t cchecksums_crc32c(uint32_t crc, const void *bytes,
                                                             size_t length) {
    const uint8_t *next = bytes;
    uint64_t value = (uint32_t)~crc;
    while (length >= 3 * stretch) {
        uint64_t second = 0, third = 0;
        for (int k = 0; k < stretch; k += 8) {
            uint64_t a, b, c;
            memcpy(&a, next + k, 8);
            memcpy(&b, next + k + stretch, 8);
            memcpy(&c, next + k + 2 * stretch, 8);
            value = _mm_crc32_u64(value, a);
            second = _mm_crc32_u64(second, b);
            third = _mm_crc32_u64(third, c);
        }
        value = shift(value) ^ second;
        value = shift(value) ^ third;
        next += 3 * stretch;
        length -= 3 * stretch;
    }
    while (length >= 8) {
        uint64_t word;
        memcpy(&word, next, 8);
        value = _mm_crc32_u64(value, word);
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

// The instructions keep the state as (A, B, E, F) and (C, D, G, H); the first and last lines turn
// it from and into the order of the standard. Intel's "SHA Extensions" white paper has the schedule.
__attribute__((target("sha,sse4.1,ssse3"))) void cchecksums_sha256_blocks(uint32_t state[8],
                                                                          const void *bytes,
                                                                          size_t blocks) {
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0bULL, 0x0405060700010203ULL);
    const uint8_t *next = bytes;
    __m128i t = _mm_shuffle_epi32(_mm_loadu_si128((const void *)state), 0xB1);
    __m128i s1 = _mm_shuffle_epi32(_mm_loadu_si128((const void *)(state + 4)), 0x1B);
    __m128i s0 = _mm_alignr_epi8(t, s1, 8);
    s1 = _mm_blend_epi16(s1, t, 0xF0);
    while (blocks--) {
        __m128i before0 = s0, before1 = s1, m[4];
        for (int i = 0; i < 4; i++)
            m[i] = _mm_shuffle_epi8(_mm_loadu_si128((const void *)(next + 16 * i)), swap);
        for (int r = 0; r < 16; r++) {
            __m128i k = _mm_loadu_si128((const void *)(constants + 4 * r));
            __m128i x = _mm_add_epi32(m[r & 3], k);
            s1 = _mm_sha256rnds2_epu32(s1, s0, x);
            s0 = _mm_sha256rnds2_epu32(s0, s1, _mm_shuffle_epi32(x, 0x0E));
            if (r < 12) {
                __m128i w = _mm_sha256msg1_epu32(m[r & 3], m[(r + 1) & 3]);
                w = _mm_add_epi32(w, _mm_alignr_epi8(m[(r + 3) & 3], m[(r + 2) & 3], 4));
                m[r & 3] = _mm_sha256msg2_epu32(w, m[(r + 3) & 3]);
            }
        }
        s0 = _mm_add_epi32(s0, before0);
        s1 = _mm_add_epi32(s1, before1);
        next += 64;
    }
    t = _mm_shuffle_epi32(s0, 0x1B);
    s1 = _mm_shuffle_epi32(s1, 0xB1);
    s0 = _mm_blend_epi16(t, s1, 0xF0);
    s1 = _mm_alignr_epi8(s1, t, 8);
    _mm_storeu_si128((void *)state, s0);
    _mm_storeu_si128((void *)(state + 4), s1);
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

#endif
