// Products of digits, counted in bits. A digit is two bits: its sign (1: negative) and its mask (0: zero). The sum of n
// products is, where m = the masks of both and d = m and different signs, (number of m) - 2 * (number of d): an integer,
// the one that float32 arithmetic gives as long as it is below 2^24. Where no digit is zero, m is all n.
#ifndef TRAINING_OPS_COUNTING_H
#define TRAINING_OPS_COUNTING_H

#include "digits.h"

typedef struct {
    uint32_t *signs, *masks;
} Bits;

INLINE long words_of(long digits) { return parts_of(digits, 32); }

// Rows of `length` digits each, in words_of(length) words a row; what a last word has too many is zero.
static void pack_rows(const int8_t *digits, long rows, long length, Bits bits)
{
    const long count = words_of(length), rest = length % 32;
#pragma omp parallel for schedule(static) if (rows * length > 20000)
    for (long row = 0; row < rows; row++) {
        const int8_t *from = digits + row * length;
        uint32_t *signs = bits.signs + row * count, *masks = bits.masks + row * count;
        for (long w = 0; w < length / 32; w++)
            pack_bytes(from + 32 * w, signs + w, masks + w);
        if (rest) {
            int8_t padded[32] = {0};
            memcpy(padded, from + length - rest, rest);
            pack_bytes(padded, signs + count - 1, masks + count - 1);
        }
    }
}

// Rows as LANES outputs side by side, [output / LANES][word][output % LANES]; outputs beyond `rows` are zero.
static void lay_side_by_side(Bits rows_bits, long rows, long count, Bits bits)
{
    for (long row = 0; row < round_up(rows, LANES); row++)
        for (long w = 0; w < count; w++) {
            const long at = (row / LANES * count + w) * LANES + row % LANES;
            bits.signs[at] = row < rows ? rows_bits.signs[row * count + w] : 0;
            bits.masks[at] = row < rows ? rows_bits.masks[row * count + w] : 0;
        }
}

// What each output pixel reads: `runs` runs of `run` words, `stride` words apart.
typedef struct {
    long runs, run, stride;
} Runs;

// Which masks count: none where no digit is zero; those of the inputs where no weight is zero; else both.
typedef enum { NO_MASKS, INPUT_MASKS, ALL_MASKS } Masks;

enum { PIXELS = 4, COLUMNS = LANES == 16 ? 4 : 2 }; // a tile of PIXELS x COLUMNS vectors of counts stays in registers

// Where the sums go: out[pixel][output] = scale * sum + bias. With `winners`, the PIXELS of a tile are the corners of a
// pooling window: out is their maximum, and bit i of its winner says whether corner i has it.
typedef struct {
    float scale;
    const float *bias;
    float *out;
    int8_t *winners;
    long outputs;
} Destination;

INLINE void put_sums(const int32_t *sums, const Destination *to, long at, long start, long width)
{
    if (width == LANES)
        for (int j = 0; j < LANES; j++)
            to->out[at + j] = (float)sums[j] * to->scale + (to->bias ? to->bias[start + j] : 0.f);
    else
        for (long j = 0; j < width; j++)
            to->out[at + j] = (float)sums[j] * to->scale + (to->bias ? to->bias[start + j] : 0.f);
}

INLINE void put_maxima(int32_t sums[PIXELS][LANES], const Destination *to, long at, long start, long width)
{
    int32_t most[LANES];
    int8_t winners[LANES];
    for (int j = 0; j < LANES; j++) {
        most[j] = sums[0][j];
        for (int i = 1; i < PIXELS; i++)
            most[j] = sums[i][j] > most[j] ? sums[i][j] : most[j];
        winners[j] = 0;
        for (int i = 0; i < PIXELS; i++)
            winners[j] |= (int8_t)((sums[i][j] == most[j]) << i);
    }
    put_sums(most, to, at, start, width);
    if (width == LANES)
        memcpy(to->winners + at, winners, LANES);
    else
        memcpy(to->winners + at, winners, width);
}

// For `valid` pixels, from `pixel` on, and `columns` vectors of outputs, from `first` on.
INLINE void count_tile(const uint32_t *const *signs, const uint32_t *const *masks, Runs runs, const uint32_t *W_signs,
                       const uint32_t *W_masks, const Masks kind, const int columns, const uint32_t *seen,
                       const Destination *to, long pixel, long first, long valid)
{
    const long all = runs.runs * runs.run, column = all * LANES;
    words different[PIXELS][COLUMNS], both[PIXELS][COLUMNS];
    for (int i = 0; i < PIXELS; i++)
        for (int v = 0; v < columns; v++)
            different[i][v] = both[i][v] = (words){0};
    for (long begin = 0; begin < all; begin += MOST_COUNTED) {
        const long end = smaller(begin + MOST_COUNTED, all);
        words some_different[PIXELS][COLUMNS], some_both[PIXELS][COLUMNS];
        for (int i = 0; i < PIXELS; i++)
            for (int v = 0; v < columns; v++)
                some_different[i][v] = some_both[i][v] = (words){0};
        long run = begin / runs.run, inside = begin % runs.run;
        for (long w = begin; w < end; w++) {
            const long at = run * runs.stride + inside;
            if (++inside == runs.run) {
                inside = 0;
                run++;
            }
#pragma GCC unroll 4
            for (int v = 0; v < columns; v++) {
                const words sign = load_words(W_signs + v * column + w * LANES);
                const words mask = kind == ALL_MASKS ? load_words(W_masks + v * column + w * LANES) : sign;
#pragma GCC unroll 4
                for (int i = 0; i < PIXELS; i++) {
                    words differ = signs[i][at] ^ sign;
                    if (kind == INPUT_MASKS)
                        differ &= masks[i][at];
                    if (kind == ALL_MASKS) {
                        const words counted = masks[i][at] & mask;
                        differ &= counted;
                        some_both[i][v] += part_counts(counted);
                    }
                    some_different[i][v] += part_counts(differ);
                }
            }
        }
        for (int i = 0; i < PIXELS; i++)
            for (int v = 0; v < columns; v++) {
                different[i][v] += whole_counts(some_different[i][v]);
                if (kind == ALL_MASKS)
                    both[i][v] += whole_counts(some_both[i][v]);
            }
    }
    for (int v = 0; v < columns; v++) {
        int32_t sums[PIXELS][LANES];
        for (int i = 0; i < PIXELS; i++) {
            const words total = kind == ALL_MASKS ? both[i][v] : (words){0} + seen[i];
            const words sum = total - different[i][v] - different[i][v];
            memcpy(sums[i], &sum, sizeof sum);
        }
        const long start = first + v * LANES, width = smaller(LANES, to->outputs - start);
        if (to->winners)
            put_maxima(sums, to, pixel / PIXELS * to->outputs + start, start, width);
        else
            for (long i = 0; i < valid; i++)
                put_sums(sums[i], to, (pixel + i) * to->outputs + start, start, width);
    }
}

static uint32_t count_masks(const uint32_t *masks, Runs runs)
{
    uint32_t count = 0;
    for (long r = 0; r < runs.runs; r++)
        for (long w = 0; w < runs.run; w++)
            count += __builtin_popcount(masks[r * runs.stride + w]);
    return count;
}

// All outputs of `pixels` pixels, of `inputs` products each; pixel i reads from word starts[i] on (i * step where NULL).
INLINE void count_kind(Bits x, Bits W, Runs runs, const long *starts, long step, long pixels, long inputs, Masks kind,
                       const Destination *to)
{
    const long columns = parts_of(to->outputs, LANES), column = runs.runs * runs.run * LANES;
#pragma omp parallel for schedule(static)
    for (long pixel = 0; pixel < pixels; pixel += PIXELS) {
        const uint32_t *signs[PIXELS], *masks[PIXELS];
        uint32_t seen[PIXELS];
        const long valid = smaller(PIXELS, pixels - pixel);
        for (long i = 0; i < PIXELS; i++) {
            const long number = smaller(pixel + i, pixels - 1), at = starts ? starts[number] : number * step;
            signs[i] = x.signs + at;
            masks[i] = x.masks + at;
            seen[i] = kind == INPUT_MASKS ? count_masks(masks[i], runs) : (uint32_t)inputs;
        }
        long c = 0;
        for (; c + COLUMNS <= columns; c += COLUMNS)
            count_tile(signs, masks, runs, W.signs + c * column, W.masks + c * column, kind, COLUMNS, seen, to, pixel,
                       c * LANES, valid);
        for (; c < columns; c++)
            count_tile(signs, masks, runs, W.signs + c * column, W.masks + c * column, kind, 1, seen, to, pixel,
                       c * LANES, valid);
    }
}

static void count_products(Bits x, Bits W, Runs runs, const long *starts, long step, long pixels, long inputs,
                           Masks kind, const Destination *to)
{
    if (kind == NO_MASKS)
        count_kind(x, W, runs, starts, step, pixels, inputs, NO_MASKS, to);
    else if (kind == INPUT_MASKS)
        count_kind(x, W, runs, starts, step, pixels, inputs, INPUT_MASKS, to);
    else
        count_kind(x, W, runs, starts, step, pixels, inputs, ALL_MASKS, to);
}

static inline Masks masks_for(Digits x, Digits W) { return W.ternary ? ALL_MASKS : x.ternary ? INPUT_MASKS : NO_MASKS; }

#endif
