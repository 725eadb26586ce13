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

// A tile of PIXELS x COLUMNS counts stays in registers.
enum { PIXELS = 4, COLUMNS = LANES == 16 && PER_COUNT == 1 ? 4 : 2 };

// How many bits are set in vectors that come one after the other. Where counting costs more than adding (PER_COUNT is 4), four
// vectors are added up bit by bit, to ones + 2 * twos + 4 * fours, and only the fours are counted: carry-save adders
// (Harley and Seal; Mula, Kurz, Lemire, arXiv:1611.07612).
typedef struct {
    words ones, twos, parts;
} Count;

INLINE void count_one(Count *count, words bits)
{
    if (PER_COUNT == 1) {
        count->parts += part_counts(bits);
        return;
    }
    const words carry = count->ones & bits;
    count->ones ^= bits;
    count->parts += part_counts(count->twos & carry);
    count->twos ^= carry;
}

INLINE void count_four(Count *count, const words *bits)
{
    const words sum = odd(count->ones, bits[0], bits[1]), carry = majority(count->ones, bits[0], bits[1]);
    const words other = majority(sum, bits[2], bits[3]);
    count->ones = odd(sum, bits[2], bits[3]);
    count->parts += part_counts(majority(count->twos, carry, other));
    count->twos = odd(count->twos, carry, other);
}

INLINE words counted_bits(const Count *count)
{
    const words counted = whole_counts(count->parts);
    if (PER_COUNT == 1)
        return counted;
    return whole_counts(part_counts(count->ones)) + 2 * whole_counts(part_counts(count->twos)) + 4 * counted;
}

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

// The words at `at` of PIXELS pixels, beside those from `W_signs` on: `some` of them, 1 or PER_COUNT.
INLINE void count_words(const uint32_t *const *signs, const uint32_t *const *masks, const long *at,
                        const uint32_t *W_signs, const uint32_t *W_masks, long column, const Masks kind,
                        const int columns, const int some, Count different[PIXELS][COLUMNS],
                        Count both[PIXELS][COLUMNS])
{
#pragma GCC unroll 4
    for (int v = 0; v < columns; v++) {
        words sign[PER_COUNT], mask[PER_COUNT];
#pragma GCC unroll 4
        for (int k = 0; k < some; k++) {
            sign[k] = load_words(W_signs + v * column + k * LANES);
            mask[k] = kind == ALL_MASKS ? load_words(W_masks + v * column + k * LANES) : sign[k];
        }
#pragma GCC unroll 4
        for (int i = 0; i < PIXELS; i++) {
            words differ[PER_COUNT], counted[PER_COUNT];
#pragma GCC unroll 4
            for (int k = 0; k < some; k++) {
                differ[k] = signs[i][at[k]] ^ sign[k];
                if (kind == INPUT_MASKS)
                    differ[k] &= masks[i][at[k]];
                if (kind == ALL_MASKS) {
                    counted[k] = masks[i][at[k]] & mask[k];
                    differ[k] &= counted[k];
                }
            }
            if (some == 4) {
                count_four(&different[i][v], differ);
                if (kind == ALL_MASKS)
                    count_four(&both[i][v], counted);
            } else {
                count_one(&different[i][v], differ[0]);
                if (kind == ALL_MASKS)
                    count_one(&both[i][v], counted[0]);
            }
        }
    }
}

// For `valid` pixels, from `pixel` on, and `columns` vectors of outputs, from `first` on.
INLINE void count_tile(const uint32_t *const *signs, const uint32_t *const *masks, Runs runs, const uint32_t *W_signs,
                       const uint32_t *W_masks, const Masks kind, const int columns, const uint32_t *seen,
                       const Destination *to, long pixel, long first, long valid)
{
    enum { PART = PER_COUNT == 1 ? MOST_COUNTED : PER_COUNT * (MOST_COUNTED - PER_COUNT) };
    const long all = runs.runs * runs.run, column = all * LANES;
    words different[PIXELS][COLUMNS], both[PIXELS][COLUMNS];
    for (int i = 0; i < PIXELS; i++)
        for (int v = 0; v < columns; v++)
            different[i][v] = both[i][v] = (words){0};
    long run = 0, inside = 0;
    for (long begin = 0; begin < all; begin += PART) {
        const long end = smaller(begin + PART, all);
        Count some_different[PIXELS][COLUMNS], some_both[PIXELS][COLUMNS];
        for (int i = 0; i < PIXELS; i++)
            for (int v = 0; v < columns; v++)
                some_different[i][v] = some_both[i][v] = (Count){{0}, {0}, {0}};
        for (long w = begin; w < end;) {
            const int some = end - w < PER_COUNT ? 1 : PER_COUNT;
            long at[PER_COUNT];
            for (int k = 0; k < some; k++) {
                at[k] = run * runs.stride + inside;
                if (++inside == runs.run) {
                    inside = 0;
                    run++;
                }
            }
            if (some == PER_COUNT)
                count_words(signs, masks, at, W_signs + w * LANES, W_masks + w * LANES, column, kind, columns,
                            PER_COUNT, some_different, some_both);
            else
                count_words(signs, masks, at, W_signs + w * LANES, W_masks + w * LANES, column, kind, columns, 1,
                            some_different, some_both);
            w += some;
        }
        for (int i = 0; i < PIXELS; i++)
            for (int v = 0; v < columns; v++) {
                different[i][v] += counted_bits(&some_different[i][v]);
                if (kind == ALL_MASKS)
                    both[i][v] += counted_bits(&some_both[i][v]);
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

// All outputs of PIXELS pixels from `pixel` on, of `inputs` products each; pixel i reads from word starts[i] on (i * step
// where NULL).
INLINE void count_pixels(Bits x, Bits W, Runs runs, const long *starts, long step, long pixel, long pixels, long inputs,
                         const Masks kind, const Destination *to)
{
    const long columns = parts_of(to->outputs, LANES), column = runs.runs * runs.run * LANES;
    const long valid = smaller(PIXELS, pixels - pixel);
    const uint32_t *signs[PIXELS], *masks[PIXELS];
    uint32_t seen[PIXELS];
    for (long i = 0; i < PIXELS; i++) {
        const long number = smaller(pixel + i, pixels - 1), at = starts ? starts[number] : number * step;
        signs[i] = x.signs + at;
        masks[i] = x.masks + at;
        seen[i] = kind == INPUT_MASKS ? count_masks(masks[i], runs) : (uint32_t)inputs;
    }
    const int together = kind == ALL_MASKS && PER_COUNT > 1 ? 1 : COLUMNS; // more would not stay in registers
    long c = 0;
    for (; c + together <= columns; c += together)
        count_tile(signs, masks, runs, W.signs + c * column, W.masks + c * column, kind, together, seen, to, pixel,
                   c * LANES, valid);
    for (; c < columns; c++)
        count_tile(signs, masks, runs, W.signs + c * column, W.masks + c * column, kind, 1, seen, to, pixel, c * LANES,
                   valid);
}

static void count_products(Bits x, Bits W, Runs runs, const long *starts, long step, long pixels, long inputs,
                           Masks kind, const Destination *to)
{
    // `kind` is chosen within the loop: OpenMP makes a function of it, to which constants from outside are variables.
#pragma omp parallel for schedule(static)
    for (long pixel = 0; pixel < pixels; pixel += PIXELS)
        if (kind == NO_MASKS)
            count_pixels(x, W, runs, starts, step, pixel, pixels, inputs, NO_MASKS, to);
        else if (kind == INPUT_MASKS)
            count_pixels(x, W, runs, starts, step, pixel, pixels, inputs, INPUT_MASKS, to);
        else
            count_pixels(x, W, runs, starts, step, pixel, pixels, inputs, ALL_MASKS, to);
}

static inline Masks masks_for(Digits x, Digits W) { return W.ternary ? ALL_MASKS : x.ternary ? INPUT_MASKS : NO_MASKS; }

#endif
