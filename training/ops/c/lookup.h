// Products of real numbers and signs, by looking sums up instead of multiplying.
//
// Four numbers a, b, c, d have only sixteen signed sums: -a-b-c-d, +a-b-c-d, -a+b-c-d, ... Computed once, in a table, they
// serve every output that needs these four numbers: with a = 3, b = 1, c = 4, d = 2 and an output's signs + - + +, the
// bits 1 0 1 1 (a's first) are the number 1 + 4 + 8 = 13, and table[13] = 3 - 1 + 4 + 2 = 8. One look-up and one
// addition replace four multiply-adds.
//
// Here a number is a row of SIDE floats (units, filters, pixels, images: whatever lies side by side). An entry of a table
// is such a row too, as large as a cache line. A group is 6 rows of signs (-1 or +1; 64 entries), or 4 rows of digits
// that may also be 0 (ternary; 81 entries). GROUPS tables fit into the first-level cache, with what is read and written.
// So
//
//     pack        digits of GROUP rows -> one index per output, in bytes from the table's start   (pack_indices)
//     tabulate    GROUP rows of SIDE floats -> a table                                             (tabulate)
//     look up     sums[output] += table[index[output]], for each table                             (look_up)
//
// computes sums (outputs x SIDE) += digits (rows x outputs), transposed, . numbers (rows x SIDE). The method is the
// "four Russians'" (Arlazarov, Dinic, Kronrod, Faradzev, 1970), with rows of real numbers instead of bits.
//
// A sum's groups are added in the order of the rows, whatever the number of threads.
#ifndef TRAINING_OPS_LOOKUP_H
#define TRAINING_OPS_LOOKUP_H

#include "digits.h"

enum { SIDE = 16, GROUPS = 4, MOST_ROWS = 6, MOST_ENTRIES = 81, VECTORS = SIDE / LANES };

INLINE int rows_of_group(bool ternary) { return ternary ? 4 : 6; }
INLINE int entries_of(bool ternary) { return ternary ? 81 : 64; }
INLINE long table_floats(void) { return GROUPS * MOST_ENTRIES * SIDE; }

static const float no_numbers[SIDE] = {0}; // for the rows that a group lacks: adds 0 for any digit

// Index of each output: its digits as a number of base 2 or 3, the first row lowest.
INLINE void pack_indices(const int8_t *const *rows, long count, const bool ternary, uint16_t *index)
{
    const int size = SIDE * sizeof(float);
    if (ternary)
        for (long i = 0; i < count; i++) {
            const int8_t sum = (int8_t)((rows[3][i] * 3 + rows[2][i]) * 9 + rows[1][i] * 3 + rows[0][i]);
            index[i] = (uint16_t)((sum + 40) * size);
        }
    else
        for (long i = 0; i < count; i++) {
            const int8_t high = (int8_t)(rows[5][i] * 4 + rows[4][i] * 2 + rows[3][i]);
            const int8_t sum = (int8_t)(high * 8 + rows[2][i] * 4 + rows[1][i] * 2 + rows[0][i]);
            index[i] = (uint16_t)((sum + 63) * (size / 2));
        }
}

// One half of a table's index: all sums of `count` vectors, each subtracted, left out (if ternary) or added.
INLINE void half_sums(const floats *vectors, const int count, const bool ternary, floats *sums)
{
    const int base = ternary ? 3 : 2;
    int entries = 1;
    sums[0] = floats_of(0);
#pragma GCC unroll 3
    for (int k = 0; k < count; k++, entries *= base)
#pragma GCC unroll 9
        for (int e = entries - 1; e >= 0; e--) {
            const floats before = sums[e];
            sums[e] = before - vectors[k];
            if (ternary)
                sums[e + entries] = before;
            sums[e + (base - 1) * entries] = before + vectors[k];
        }
}

INLINE void tabulate(const float *const *rows, const bool ternary, float *table)
{
    const int half = rows_of_group(ternary) / 2, entries = ternary ? 9 : 8;
    for (int v = 0; v < VECTORS; v++) {
        floats vectors[MOST_ROWS], low[9], high[9];
#pragma GCC unroll 6
        for (int k = 0; k < 2 * half; k++)
            vectors[k] = load(rows[k] + v * LANES);
        half_sums(vectors, half, ternary, low);
        half_sums(vectors + half, half, ternary, high);
#pragma GCC unroll 9
        for (int h = 0; h < entries; h++)
#pragma GCC unroll 9
            for (int l = 0; l < entries; l++)
                store(table + (h * entries + l) * SIDE + v * LANES, high[h] + low[l]);
    }
}

INLINE void look_up_groups(const float *tables, const uint16_t *index, long stride, const int groups,
                           const bool ternary, float *sums, long count, const bool add)
{
    for (long i = 0; i < count; i++) {
        floats sum[VECTORS];
        for (int v = 0; v < VECTORS; v++)
            sum[v] = add ? load(sums + i * SIDE + v * LANES) : floats_of(0);
        for (int g = 0; g < groups; g++) {
            const char *table = (const char *)(tables + g * entries_of(ternary) * SIDE);
            const float *entry = (const float *)(table + index[g * stride + i]);
            for (int v = 0; v < VECTORS; v++)
                sum[v] += load(entry + v * LANES);
        }
        for (int v = 0; v < VECTORS; v++)
            store(sums + i * SIDE + v * LANES, sum[v]);
    }
}

// sums (count x SIDE) = or += the entries of up to GROUPS tables; index (groups x count), its rows `stride` apart.
static void look_up(const float *tables, const uint16_t *index, long stride, int groups, bool ternary, float *sums,
                    long count, bool add)
{
#define LOOK_UP(groups_, ternary_, add_)                                                                               \
    if (groups == groups_ && ternary == ternary_ && add == add_)                                                       \
        look_up_groups(tables, index, stride, groups_, ternary_, sums, count, add_);
#define LOOK_UP_GROUPS(groups_)                                                                                        \
    LOOK_UP(groups_, false, false)                                                                                     \
    LOOK_UP(groups_, false, true) LOOK_UP(groups_, true, false) LOOK_UP(groups_, true, true)
    LOOK_UP_GROUPS(1) LOOK_UP_GROUPS(2) LOOK_UP_GROUPS(3) LOOK_UP_GROUPS(4)
#undef LOOK_UP_GROUPS
#undef LOOK_UP
}

// Tables of `groups` groups of rows of numbers, `row` floats apart; rows from `total` on count as 0.
static void tabulate_groups(const float *numbers, long row, long total, int groups, bool ternary, float *tables)
{
    const int each = rows_of_group(ternary);
    for (int g = 0; g < groups; g++) {
        const float *rows[MOST_ROWS];
        for (int k = 0; k < each; k++)
            rows[k] = g * each + k < total ? numbers + (g * each + k) * row : no_numbers;
        if (ternary)
            tabulate(rows, true, tables + g * entries_of(true) * SIDE);
        else
            tabulate(rows, false, tables + g * entries_of(false) * SIDE);
    }
}

// sums (count x SIDE) = or += all groups' entries; `numbers`: `rows` rows of SIDE floats, `row` floats apart.
static void look_up_rows(const float *numbers, long row, long rows, const uint16_t *index, long stride, bool ternary,
                         float *sums, long count, bool add, float *tables)
{
    const long each = rows_of_group(ternary), groups = parts_of(rows, each);
    for (long g = 0; g < groups; g += GROUPS) {
        const int some = (int)smaller(GROUPS, groups - g);
        tabulate_groups(numbers + g * each * row, row, rows - g * each, some, ternary, tables);
        look_up(tables, index + g * stride, stride, some, ternary, sums, count, add || g);
    }
}

// Indices (groups x length) of digits (rows x length), in groups of rows; the last group is filled up with `ones`.
static void pack_all_indices(const int8_t *digits, long rows, long length, bool ternary, const int8_t *ones,
                             uint16_t *index)
{
    const long each = rows_of_group(ternary);
#pragma omp parallel for schedule(static)
    for (long g = 0; g < parts_of(rows, each); g++) {
        const int8_t *group[MOST_ROWS];
        for (long k = 0; k < each; k++)
            group[k] = g * each + k < rows ? digits + (g * each + k) * length : ones;
        if (ternary)
            pack_indices(group, length, true, index + g * length);
        else
            pack_indices(group, length, false, index + g * length);
    }
}

// Indices for the product with a matrix's transpose: a group is neighbouring columns; index (groups x rows). The digits of
// a group are the bytes of an integer: one multiplication adds them up, each times its power of the base.
static void pack_transposed_indices(const int8_t *matrix, long rows, long columns, bool ternary, uint16_t *index)
{
    enum { BLOCK = 32 }; // rows, whose indices fill a cache line
    const long each = rows_of_group(ternary), groups = parts_of(columns, each);
    const uint64_t bytes_of_ones = UINT64_C(0x0101010101010101);
    uint64_t powers = 0;
    for (uint64_t k = 0, power = 1; k < (uint64_t)each; k++, power *= ternary ? 3 : 2)
        powers |= power << 8 * (7 - k);
#pragma omp parallel for schedule(static)
    for (long block = 0; block < rows; block += BLOCK)
        for (long g = 0; g < groups; g++)
            for (long i = block; i < smaller(block + BLOCK, rows); i++) {
                const int8_t *from = matrix + i * columns + g * each;
                uint64_t value = bytes_of_ones;
                if (g * each + 8 <= columns)
                    memcpy(&value, from, 8);
                else
                    memcpy(&value, from, columns - g * each);
                value = ternary ? ((value & 0x7f * bytes_of_ones) + bytes_of_ones) ^ (value & 0x80 * bytes_of_ones)
                                : ~value >> 7 & bytes_of_ones;
                index[g * rows + i] = (uint16_t)((value * powers >> 56) * (SIDE * sizeof(float)));
            }
}

static void transpose_matrix(const float *from, long rows, long columns, long from_row, float *to, long to_row)
{
    const long whole_rows = rows / TRANSPOSED * TRANSPOSED, whole_columns = columns / TRANSPOSED * TRANSPOSED;
    for (long i = 0; i < whole_rows; i += TRANSPOSED)
        for (long j = 0; j < whole_columns; j += TRANSPOSED)
            transpose(from + i * from_row + j, from_row, to + j * to_row + i, to_row);
    for (long i = 0; i < rows; i++)
        for (long j = i < whole_rows ? whole_columns : 0; j < columns; j++)
            to[j * to_row + i] = from[i * from_row + j];
}

static void scale_floats(float *values, long count, float factor)
{
    for (long i = 0; factor != 1 && i < count; i++)
        values[i] *= factor;
}

// sums (count x SIDE) = digits . numbers, transposed: numbers (rows x units), up to SIDE rows; `index`: groups of units,
// `stride` apart. `room` is for units x SIDE floats.
static void look_up_block(const float *numbers, long rows, long units, const uint16_t *index, long stride,
                          const Digits *digits, float *sums, long count, float *room, float *tables)
{
    if (rows < SIDE)
        memset(room, 0, sizeof(float) * units * SIDE);
    transpose_matrix(numbers, rows, units, units, room, SIDE);
    look_up_rows(room, SIDE, units, index, stride, digits->ternary, sums, count, false, tables);
    scale_floats(sums, count * SIDE, digits->magnitude);
}

#endif
