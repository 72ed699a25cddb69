// Processor instructions for CRC-32C and SHA-256, which Swift reaches only with unsafe compiler flags.
// Each has a run-time check; module Checksums holds the pure Swift versions that are fallback and oracle.
// On other processors than x86-64 the checks answer 0, and the functions must not be called.
#ifndef CCHECKSUMS_H
#define CCHECKSUMS_H

#include <stddef.h>
#include <stdint.h>

/// 1 when the processor has SSE 4.2, whose `crc32` instruction is the Castagnoli polynomial, and the
/// product without carries.
int cchecksums_has_crc32c(void);
/// 1 when the processor has the SHA extensions, SSE 4.1 and SSSE3.
int cchecksums_has_sha256(void);

/// Goes on from `crc` (0 for a new checksum) over `length` bytes. Needs `cchecksums_has_crc32c`.
uint32_t cchecksums_crc32c(uint32_t crc, const void *bytes, size_t length);
/// Runs the compression function over `blocks` times 64 bytes. Needs `cchecksums_has_sha256`.
void cchecksums_sha256_blocks(uint32_t state[8], const void *bytes, size_t blocks);
/// The hash of `length` bytes, as the eight words of the standard. Needs `cchecksums_has_sha256`.
void cchecksums_sha256(const void *bytes, size_t length, uint32_t hash[8]);
/// The hashes of two messages at once, which takes little longer than one of them does.
void cchecksums_sha256_two(const void *bytes_a, size_t length_a, uint32_t hash_a[8],
                           const void *bytes_b, size_t length_b, uint32_t hash_b[8]);

#endif
