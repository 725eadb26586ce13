// The gradients of a convolution before a max pool: most of dy is zero, and sparse.h multiplies only the rest.
#ifndef TRAINING_OPS_CONV_SPARSE_H
#define TRAINING_OPS_CONV_SPARSE_H

#include "conv_shapes.h"
#include "lookup.h"
#include "sparse.h"

// Whether the sparse products are used: before a max pool, if a run of taps fills whole vectors of spread signs and the
// filters are a multiple of 32. Tables of four floats, two values at a time, would be slower than conv.c's dense products.
static bool is_sparse(Gradient gradient, const Geometry *g)
{
    return PICKED > 2 && gradient.winners && g->run % SPREAD == 0 && g->filters % 32 == 0;
}

// Bit i: whether byte i has `bit` set.
INLINE uint32_t bits_of(const int8_t *bytes, int bit)
{
    int8_t chosen[32];
    uint32_t signs, others;
    for (int i = 0; i < 32; i++)
        chosen[i] = (int8_t)(bytes[i] & bit);
    pack_bytes(chosen, &signs, &others);
    return others;
}

// Fills the last group with zeros; returns the number of groups.
static long fill_group(float *values, int32_t *places, long length)
{
    for (; length % PICKED; length++) {
        values[length] = 0;
        places[length] = 0;
    }
    return length / PICKED;
}

// For each pixel, adds the taps of the filters whose window it won, times dy, to its three runs of dx.
static int sparse_input_gradient(Gradient gradient, const int8_t *tap_rows, bool ternary, float magnitude, float *dx,
                                 const Geometry *geometry, Workspace *workspace)
{
    const Geometry g = *geometry;
    const long threads = thread_count(), out_rows = g.out_rows / 2, out_columns = g.out_columns / 2;
    const long row_words = g.run / BLOCKS, line = g.columns * g.channels, room = g.filters + 32;
    TAKE(uint32_t, positive, g.filters * 3 * row_words);
    TAKE(uint32_t, negative, ternary ? g.filters * 3 * row_words : 1);
    TAKE(float, all_values, threads * room);
    TAKE(int32_t, all_places, threads * room);
    TAKE(float, all_tables, threads * parts_of(room, PICKED) * ENTRIES);
    TAKE(int32_t, filter_places, g.filters);
    for (long f = 0; f < g.filters; f++)
        filter_places[f] = (int32_t)(f * 3 * row_words);
    spread_signs(tap_rows, g.filters * g.taps, positive, ternary ? negative : NULL);
#pragma omp parallel for schedule(static)
    for (long image = 0; image < g.batch; image++) {
        float *values = all_values + thread_number() * room, *to = dx + image * g.rows * line;
        int32_t *places = all_places + thread_number() * room;
        float *tables = all_tables + thread_number() * parts_of(room, PICKED) * ENTRIES;
        memset(to, 0, sizeof(float) * 2 * line);
        for (long row = 0; row < 2 * out_rows; row++) {
            memset(to + (row + 2) * line, 0, sizeof(float) * line); // here, so that it is in the cache when it is used
            for (long column = 0; column < 2 * out_columns; column++) {
                const long window = ((image * out_rows + row / 2) * out_columns + column / 2) * g.filters;
                const int corner = row % 2 * 2 + column % 2;
                long length = 0;
                for (long first = 0; first < g.filters; first += 32)
                    length += list_chosen(gradient.dy + window + first, filter_places + first,
                                          bits_of(gradient.winners + window + first, 1 << corner), values + length,
                                          places + length);
                const long groups = fill_group(values, places, length);
                tabulate_listed(values, groups, ternary, tables);
                for (long r = 0; r < 3; r++)
                    for (long first = 0; first < g.run; first += SPREAD) {
                        const long word = r * row_words + first / BLOCKS;
                        add_listed(tables, places, groups, positive + word, ternary ? negative + word : NULL,
                                   to + ((row + r) * g.columns + column) * g.channels + first);
                    }
            }
        }
        memset(to + (2 * out_rows + 2) * line, 0, sizeof(float) * (g.rows - 2 * out_rows - 2) * line);
        scale_floats(to, g.rows * line, magnitude);
    }
    return 0;
}

static float sum_of(const float *values, long count)
{
    floats sums = floats_of(0);
    float lanes[LANES], sum = 0;
    long i = 0;
    for (; i + LANES <= count; i += LANES)
        sums += load(values + i);
    store(lanes, sums);
    for (; i < count; i++)
        sum += values[i];
    for (int j = 0; j < LANES; j++)
        sum += lanes[j];
    return sum;
}

// For each filter, adds the patches of the pixels that won a window to its taps; sums: [filter][tap]. Takes as many images
// at a time as make the lists worth a table.
static int sparse_tap_sums(const Digits *x, Gradient gradient, const Geometry *geometry, float *sums, double *totals,
                           Workspace *workspace)
{
    enum { WORTHWHILE = 512 }; // pixels
    const Geometry g = *geometry;
    const long threads = thread_count(), out_rows = g.out_rows / 2, out_columns = g.out_columns / 2;
    const long together = larger(1, WORTHWHILE / (g.out_rows * g.out_columns)),
               pixels = together * g.out_rows * g.out_columns;
    const long row_words = g.run / BLOCKS, row = g.out_columns * row_words, rows = g.batch * g.rows;
    const long room = pixels + 32, tables_room = parts_of(room, PICKED) * ENTRIES, parts = smaller(threads, g.filters);
    TAKE(uint32_t, positive, rows * row);
    TAKE(uint32_t, negative, x->ternary ? rows * row : 1);
    const long most_windows = together * out_rows * out_columns, line = round_up(most_windows, 32);
    TAKE(float, all_values, parts * room);
    TAKE(int32_t, all_places, parts * room);
    TAKE(int8_t, all_winners, parts * SIDE * line);
    TAKE(float, all_dy, parts * SIDE * line);
    TAKE(int32_t, window_places, 4 * line);
    TAKE(float, all_tables, parts * tables_room);
    memset(window_places, 0, sizeof(int32_t) * 4 * line);
    for (long window = 0; window < most_windows; window++) {
        const long over = window / out_columns, top = over / out_rows * g.rows + over % out_rows * 2;
        for (int corner = 0; corner < 4; corner++)
            window_places[corner * line + window] =
                (int32_t)((top + corner / 2) * row + (window % out_columns * 2 + corner % 2) * row_words);
    }
#pragma omp parallel for schedule(static)
    for (long i = 0; i < rows; i++)
        for (long column = 0; column < g.out_columns; column++) {
            const long word = i * row + column * row_words;
            spread_signs(x->digits + (i * g.columns + column) * g.channels, g.run, positive + word,
                         x->ternary ? negative + word : NULL);
        }
    memset(sums, 0, sizeof(float) * g.filters * g.taps);
    for (long image = 0; image < g.batch; image += together) {
        const long windows = smaller(together, g.batch - image) * out_rows * out_columns;
        const long start = image * out_rows * out_columns, image_words = image * g.rows * row;
#pragma omp parallel for schedule(static, 1)
        for (long part = 0; part < parts; part++) {
            const long begin = g.filters * part / parts, end = g.filters * (part + 1) / parts;
            float *values = all_values + part * room, *tables = all_tables + part * tables_room;
            int32_t *places = all_places + part * room;
            int8_t *winners = all_winners + part * SIDE * line;
            float *dy = all_dy + part * SIDE * line;
            for (long f = begin; f < end; f++) {
                const long at = start * g.filters + f, next = (f - begin) % SIDE;
                long length = 0;
                if (next == 0) {
                    const long filters = smaller(SIDE, end - f);
                    transpose_matrix(gradient.dy + at, windows, filters, g.filters, dy, line);
                    transpose_bytes(gradient.winners + at, windows, filters, g.filters, winners, line);
                    for (long k = 0; k < filters; k++)
                        memset(winners + k * line + windows, 0, line - windows);
                }
                for (int corner = 0; corner < 4; corner++)
                    for (long first = 0; first < windows; first += 32)
                        length += list_chosen(dy + next * line + first, window_places + corner * line + first,
                                              bits_of(winners + next * line + first, 1 << corner), values + length,
                                              places + length);
                totals[f] += sum_of(values, length);
                const long groups = fill_group(values, places, length);
                tabulate_listed(values, groups, x->ternary, tables);
                for (long r = 0; r < 3; r++)
                    for (long first = 0; first < g.run; first += SPREAD) {
                        const long word = image_words + r * row + first / BLOCKS;
                        add_listed(tables, places, groups, positive + word, x->ternary ? negative + word : NULL,
                                   sums + f * g.taps + r * g.run + first);
                    }
            }
        }
    }
    return 0;
}

#endif
