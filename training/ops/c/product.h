// Products of real numbers, in tiles of registers: for what is not quantised, such as CNV's images.
#ifndef TRAINING_OPS_PRODUCT_H
#define TRAINING_OPS_PRODUCT_H

#include "support.h"

enum { TILE_ROWS = LANES == 16 ? 9 : 4, WIDE = LANES == 16 ? 2 : 3 }; // as many sums as stay in registers
enum { PANEL = WIDE * LANES };

// c (rows x `vectors` vectors) = a . b, or c += a . b.
INLINE void multiply_tile(const float *a, long a_row, long a_step, const float *b, long b_row, long depth, float *c,
                          long c_row, long width, const int rows, const int vectors, bool add)
{
    floats sums[TILE_ROWS][WIDE];
#pragma GCC unroll 9
    for (int i = 0; i < rows; i++)
#pragma GCC unroll 3
        for (int v = 0; v < vectors; v++)
            sums[i][v] = floats_of(0);
    for (long k = 0; k < depth; k++, a += a_step, b += b_row) {
        floats right[WIDE];
#pragma GCC unroll 3
        for (int v = 0; v < vectors; v++)
            right[v] = load(b + v * LANES);
#pragma GCC unroll 9
        for (int i = 0; i < rows; i++) {
            const float left = a[i * a_row];
#pragma GCC unroll 3
            for (int v = 0; v < vectors; v++)
                sums[i][v] += left * right[v];
        }
    }
    const bool whole = width >= vectors * LANES;
#pragma GCC unroll 9
    for (int i = 0; i < rows; i++) {
        float *row = c + i * c_row, edge[PANEL];
#pragma GCC unroll 3
        for (int v = 0; v < vectors; v++) {
            if (whole)
                store(row + v * LANES, add ? load(row + v * LANES) + sums[i][v] : sums[i][v]);
            else
                store(edge + v * LANES, sums[i][v]);
        }
        for (long j = 0; !whole && j < width; j++)
            row[j] = add ? row[j] + edge[j] : edge[j];
    }
}

INLINE void multiply_rows(const float *a, long a_row, long a_step, long rows, const float *b, long b_row, long depth,
                          float *c, long c_row, long width, const int vectors, bool add)
{
    long i = 0;
    for (; i + TILE_ROWS <= rows; i += TILE_ROWS)
        multiply_tile(a + i * a_row, a_row, a_step, b, b_row, depth, c + i * c_row, c_row, width, TILE_ROWS, vectors,
                      add);
    for (; i < rows; i++)
        multiply_tile(a + i * a_row, a_row, a_step, b, b_row, depth, c + i * c_row, c_row, width, 1, vectors, add);
}

// c (rows x width) = or += a (rows x depth) . b (depth x width), width <= PANEL. a's rows are a_row floats apart, its
// columns a_step, b's rows b_row; b is read in whole vectors.
static void multiply(const float *a, long a_row, long a_step, long rows, const float *b, long b_row, long depth,
                     float *c, long c_row, long width, bool add)
{
    if (width > (WIDE - 1) * LANES)
        multiply_rows(a, a_row, a_step, rows, b, b_row, depth, c, c_row, width, WIDE, add);
    else if (WIDE > 2 && width > LANES)
        multiply_rows(a, a_row, a_step, rows, b, b_row, depth, c, c_row, width, 2, add);
    else
        multiply_rows(a, a_row, a_step, rows, b, b_row, depth, c, c_row, width, 1, add);
}

#endif
