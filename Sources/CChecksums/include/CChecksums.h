// Processor instructions for CRC-32C and SHA-256, which Swift reaches only with unsafe compiler flags.
// Each has a run-time check; module Checksums holds the pure Swift versions that are fallback and oracle.
#ifndef CCHECKSUMS_H
#define CCHECKSUMS_H
#endif
