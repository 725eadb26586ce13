// Any processor: vectors of 16 bytes, which the compiler maps to what the processor has.
#define INSTRUCTION_SET "portable"
#ifndef PORTABLE_LANES // tests set the widths of other instruction sets
#define PORTABLE_LANES 4
#endif
enum { LANES = PORTABLE_LANES, TRANSPOSED = 4 };
#include "vectors.h"

static inline floats floats_from(integers values)
{
    floats result;
    for (int i = 0; i < LANES; i++)
        result[i] = (float)values[i];
    return result;
}

#include "add_bits.h"
#include "bytes.h"
#include "list_chosen.h"
#include "pick.h"

// A population count in two steps: up to MOST_COUNTED results of part_counts can be added up before whole_counts makes them
// the counts of whole words. PER_COUNT vectors, 1 or 8, are added up bit by bit and counted at once (counting.h).
enum { MOST_COUNTED = 1 << 20, PER_COUNT = 1 };

static inline words part_counts(words value)
{
    words result;
    for (int i = 0; i < LANES; i++)
        result[i] = __builtin_popcount(value[i]);
    return result;
}

static inline words whole_counts(words parts) { return parts; }

// The signs of 32 bytes (bit i: byte i is negative), and which are not zero.
static inline void pack_bytes(const int8_t *bytes, uint32_t *negative, uint32_t *nonzero)
{
    uint32_t signs = 0, others = 0;
    for (int i = 0; i < 32; i++) {
        signs |= (uint32_t)(bytes[i] < 0) << i;
        others |= (uint32_t)(bytes[i] != 0) << i;
    }
    *negative = signs;
    *nonzero = others;
}

// to[j][i] = from[i][j] for a block of TRANSPOSED x TRANSPOSED floats; rows lie `from_row` and `to_row` floats apart.
static inline void transpose(const float *from, long from_row, float *to, long to_row)
{
    for (int i = 0; i < TRANSPOSED; i++)
        for (int j = 0; j < TRANSPOSED; j++)
            to[j * to_row + i] = from[i * from_row + j];
}
