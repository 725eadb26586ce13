// Products of signs with numbers most of which are zero, such as the gradient before a max pool: three of a window's four.
//
// The numbers that are not zero are listed with the places of their signs, and taken PICKED at a time. Their sums, one
// for each choice of signs, fill the lanes of TABLE vectors (see lookup.h for why), so that one instruction looks up
// LANES sums at once. For numbers 3, 1, 4 and an output's signs + - +, the bits 1 0 1 choose lane 1 + 4 = 5 of
// (-8 -2 -6 0 0 6 2 8): 3 - 1 + 4 = 6.
//
//     spread      signs of a row -> words with room for PICKED bits per output          (spread_signs)
//     list        values and the places of their spread rows                             (the caller)
//     tabulate    PICKED values -> a table                                               (tabulate_listed)
//     pick        sums[output] += table[the listed rows' bits of this output]            (add_listed)
//
// Digits that may also be 0 take two rows of bits, for the positive and for the negative ones; each chooses the sum of just
// these values.
#ifndef TRAINING_OPS_SPARSE_H
#define TRAINING_OPS_SPARSE_H

#include "digits.h"

enum { MOST_BLOCKS = 32 / PICKED, BLOCKS = MOST_BLOCKS == 10 ? 8 : MOST_BLOCKS }; // 8: 3 x 64 channels fill these
enum { SPREAD = BLOCKS * LANES }; // outputs whose bits share a vector of words
enum { ENTRIES = 1 << PICKED, TABLE = ENTRIES / LANES };

// The outputs' bits: [outputs / SPREAD][lane], block j's at bit PICKED * j. `negative` may be NULL.
static void spread_signs(const int8_t *digits, long outputs, uint32_t *positive, uint32_t *negative)
{
    for (long first = 0; first < outputs; first += SPREAD) {
        words above = {0}, below = {0};
#pragma GCC unroll 16
        for (int j = 0; j < BLOCKS; j++) {
            const integers values = load_bytes(digits + first + j * LANES);
            above |= (words)(values > 0) & (1u << PICKED * j);
            below |= (words)(values < 0) & (1u << PICKED * j);
        }
        store_words(positive + first / BLOCKS, above);
        if (negative)
            store_words(negative + first / BLOCKS, below);
    }
}

// The factor of value k in each entry: 1 where bit k of the entry is set; else -1, or 0 for ternary digits.
#define COUNTED(entry, k, other) (((entry) >> (k)) & 1 ? 1.f : (other))
#define FOUR(entry, k, other)                                                                                          \
    COUNTED(entry, k, other), COUNTED((entry) + 1, k, other), COUNTED((entry) + 2, k, other),                          \
        COUNTED((entry) + 3, k, other)
#define EIGHT(entry, k, other) FOUR(entry, k, other), FOUR((entry) + 4, k, other)
#define ALL_ENTRIES(k, other) {EIGHT(0, k, other), EIGHT(8, k, other), EIGHT(16, k, other), EIGHT(24, k, other)}
#define ALL_VALUES(other)                                                                                              \
    {ALL_ENTRIES(0, other), ALL_ENTRIES(1, other), ALL_ENTRIES(2, other), ALL_ENTRIES(3, other), ALL_ENTRIES(4, other)}
static const float counted[2][5][32] = {ALL_VALUES(-1.f), ALL_VALUES(0.f)};

// tables[group][entry] of PICKED values each
static void tabulate_listed(const float *values, long groups, bool ternary, float *tables)
{
    floats kinds[PICKED][TABLE];
    for (int k = 0; k < PICKED; k++)
        for (int v = 0; v < TABLE; v++)
            kinds[k][v] = load(counted[ternary][k] + v * LANES);
    for (long g = 0; g < groups; g++) {
        floats table[TABLE];
        for (int v = 0; v < TABLE; v++)
            table[v] = floats_of(values[g * PICKED]) * kinds[0][v];
        for (int k = 1; k < PICKED; k++)
            for (int v = 0; v < TABLE; v++)
                table[v] += floats_of(values[g * PICKED + k]) * kinds[k][v];
        for (int v = 0; v < TABLE; v++)
            store(tables + (g * TABLE + v) * LANES, table[v]);
    }
}

INLINE words listed_index(const uint32_t *spread, const int32_t *places)
{
    words index = load_words(spread + places[PICKED - 1]);
#pragma GCC unroll 16
    for (int k = PICKED - 2; k >= 0; k--)
        index = (index + index) | load_words(spread + places[k]);
    return index;
}

INLINE void add_listed_kind(const float *tables, const int32_t *places, long groups, const uint32_t *positive,
                            const uint32_t *negative, const bool ternary, float *sums)
{
    floats sum[BLOCKS];
#pragma GCC unroll 16
    for (int j = 0; j < BLOCKS; j++)
        sum[j] = load(sums + j * LANES);
    for (long g = 0; g < groups; g++, tables += ENTRIES, places += PICKED) {
        const words index = listed_index(positive, places);
#pragma GCC unroll 16
        for (int j = 0; j < BLOCKS; j++)
            sum[j] += pick(tables, index >> PICKED * j);
        if (ternary) {
            const words other = listed_index(negative, places);
#pragma GCC unroll 16
            for (int j = 0; j < BLOCKS; j++)
                sum[j] -= pick(tables, other >> PICKED * j);
        }
    }
#pragma GCC unroll 16
    for (int j = 0; j < BLOCKS; j++)
        store(sums + j * LANES, sum[j]);
}

// SPREAD sums += the entries of `groups` tables; negative: NULL where no digit is 0.
static void add_listed(const float *tables, const int32_t *places, long groups, const uint32_t *positive,
                       const uint32_t *negative, float *sums)
{
    if (negative)
        add_listed_kind(tables, places, groups, positive, negative, true, sums);
    else
        add_listed_kind(tables, places, groups, positive, negative, false, sums);
}

#endif
