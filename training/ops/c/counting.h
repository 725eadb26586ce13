// Products of digits, by counting bits. A digit is two bits: its sign (1: negative) and its mask (0: zero). With m the AND
// of the masks, and d the XOR of the signs where m is set, the sum of n products is popcount(m) - 2 * popcount(d): an
// integer, which float32 arithmetic also gives as long as n is below 2^24. If no digit is zero, popcount(m) is n.
#ifndef TRAINING_OPS_COUNTING_H
#define TRAINING_OPS_COUNTING_H

#include "digits.h"

typedef struct {
    uint32_t *signs, *masks;
} Bits;

INLINE long words_of(long digits) { return parts_of(digits, 32); }

// Rows of `length` digits each, in words_of(length) words per row; unused bits of the last word are zero.
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

// The words that an output pixel reads: `count` words, at offsets `places` from the pixel's first.
typedef struct {
    const long *places;
    long count;
} Patch;

// A patch of `runs` runs of `run` words, `stride` words apart; `places` has room for all of them.
static Patch patch_of(long runs, long run, long stride, long *places)
{
    const Patch patch = {places, runs * run};
    for (long r = 0; r < runs; r++)
        for (long w = 0; w < run; w++)
            *places++ = r * stride + w;
    return patch;
}

// Which masks are needed: none if no digit is zero; the inputs' if no weight is zero; else both.
typedef enum { NO_MASKS, INPUT_MASKS, ALL_MASKS } Masks;

// A tile of PIXELS x COLUMNS counts stays in registers.
enum { PIXELS = 4, COLUMNS = PER_COUNT > 1 ? 1 : LANES == 16 ? 4 : 2 };

// A population count over a sequence of vectors. Where counting costs more than adding (PER_COUNT is 8), carry-save adders
// add eight vectors up bit by bit, to ones + 2 * twos + 4 * fours + 8 * eights, and only the eights are counted (Harley and
// Seal; Mula, Kurz, Lemire, arXiv:1611.07612).
typedef struct {
    words ones, twos, fours, parts;
} Count;

INLINE words carry_of(words *sum, words a, words b)
{
    const words carry = majority(*sum, a, b);
    *sum = odd(*sum, a, b);
    return carry;
}

INLINE words carry_of_four(Count *count, const words *bits)
{
    const words first = carry_of(&count->ones, bits[0], bits[1]), second = carry_of(&count->ones, bits[2], bits[3]);
    return carry_of(&count->twos, first, second);
}

INLINE void count_eight(Count *count, const words *bits)
{
    const words first = carry_of_four(count, bits), second = carry_of_four(count, bits + 4);
    count->parts += part_counts(carry_of(&count->fours, first, second));
}

// Counts one vector. With PER_COUNT of 8, only the first of a part, fewer than eight: no carry reaches the eights.
INLINE void count_one(Count *count, words bits)
{
    if (PER_COUNT == 1) {
        count->parts += part_counts(bits);
        return;
    }
    const words twos = count->ones & bits;
    count->ones ^= bits;
    count->fours ^= count->twos & twos;
    count->twos ^= twos;
}

INLINE words counted_bits(const Count *count)
{
    const words counted = whole_counts(count->parts);
    if (PER_COUNT == 1)
        return counted;
    const words fours = part_counts(count->fours), twos = part_counts(count->twos) + fours + fours;
    return whole_counts(part_counts(count->ones) + twos + twos) + 8 * counted;
}

// Where the sums go: out[pixel][output] = scale * sum + bias. With `winners`, the PIXELS of a tile are the corners of a
// pooling window: out is their maximum, and bit i of `winners` says whether corner i has it.
typedef struct {
    float scale;
    const float *bias;
    float *out;
    int8_t *winners;
    long outputs;
} Destination;

INLINE void put_sums(integers sums, const Destination *to, long at, long start, long width)
{
    if (width == LANES) {
        const floats bias = to->bias ? load(to->bias + start) : floats_of(0);
        store(to->out + at, floats_from(sums) * to->scale + bias);
    } else
        for (long j = 0; j < width; j++)
            to->out[at + j] = (float)sums[j] * to->scale + (to->bias ? to->bias[start + j] : 0.f);
}

INLINE void put_maxima(const integers *sums, const Destination *to, long at, long start, long width)
{
    integers most = sums[0], winners = {0};
    for (int i = 1; i < PIXELS; i++) {
        const integers greater = sums[i] > most;
        most = (sums[i] & greater) | (most & ~greater);
    }
    for (int i = 0; i < PIXELS; i++)
        winners |= (sums[i] == most) & (1 << i);
    put_sums(most, to, at, start, width);
    if (width == LANES)
        store_bytes(to->winners + at, winners);
    else
        for (long j = 0; j < width; j++)
            to->winners[at + j] = (int8_t)winners[j];
}

// What is counted, among the places where no digit is zero: those whose signs differ, or all.
typedef enum { DIFFERENT, COUNTED } Counted;

// Counts `some` words, 1 or PER_COUNT: those at offsets `at` of PIXELS pixels, with the weights from `W_signs` on.
INLINE void count_words(const uint32_t *const *signs, const uint32_t *const *masks, const long *at,
                        const uint32_t *W_signs, const uint32_t *W_masks, long column, const Masks kind,
                        const Counted what, const int columns, const int some, Count counts[PIXELS][COLUMNS])
{
#pragma GCC unroll 4
    for (int v = 0; v < columns; v++) {
        words sign[PER_COUNT], mask[PER_COUNT];
#pragma GCC unroll 8
        for (int k = 0; k < some; k++) {
            sign[k] = load_words(W_signs + v * column + k * LANES);
            mask[k] = kind == ALL_MASKS ? load_words(W_masks + v * column + k * LANES) : sign[k];
        }
#pragma GCC unroll 4
        for (int i = 0; i < PIXELS; i++) {
            words bits[PER_COUNT];
#pragma GCC unroll 8
            for (int k = 0; k < some; k++) {
                bits[k] = what == DIFFERENT ? signs[i][at[k]] ^ sign[k] : mask[k];
                if (what == DIFFERENT && kind == ALL_MASKS)
                    bits[k] &= mask[k];
                if (kind != NO_MASKS)
                    bits[k] &= masks[i][at[k]];
            }
            if (some > 1)
                count_eight(&counts[i][v], bits);
            else
                count_one(&counts[i][v], bits[0]);
        }
    }
}

INLINE void count_patch(const uint32_t *const *signs, const uint32_t *const *masks, Patch patch,
                        const uint32_t *W_signs, const uint32_t *W_masks, const Masks kind, const Counted what,
                        const int columns, words result[PIXELS][COLUMNS])
{
    enum { PART = PER_COUNT * MOST_COUNTED };
    const long all = patch.count, column = all * LANES;
    for (int i = 0; i < PIXELS; i++)
        for (int v = 0; v < columns; v++)
            result[i][v] = (words){0};
    for (long begin = 0; begin < all; begin += PART) {
        const long end = smaller(begin + PART, all);
        Count counts[PIXELS][COLUMNS];
        for (int i = 0; i < PIXELS; i++)
            for (int v = 0; v < columns; v++)
                counts[i][v] = (Count){{0}, {0}, {0}, {0}};
        for (long w = begin; w < end;) {
            const long *at = patch.places + w, start = w * LANES;
            if ((end - w) % PER_COUNT) {
                count_words(signs, masks, at, W_signs + start, W_masks + start, column, kind, what, columns, 1, counts);
                w++;
            } else {
                count_words(signs, masks, at, W_signs + start, W_masks + start, column, kind, what, columns, PER_COUNT,
                            counts);
                w += PER_COUNT;
            }
        }
        for (int i = 0; i < PIXELS; i++)
            for (int v = 0; v < columns; v++)
                result[i][v] += counted_bits(&counts[i][v]);
    }
}

// For `valid` pixels, from `pixel` on, and `columns` vectors of outputs, from `first` on.
INLINE void count_tile(const uint32_t *const *signs, const uint32_t *const *masks, Patch patch, const uint32_t *W_signs,
                       const uint32_t *W_masks, const Masks kind, const int columns, const uint32_t *seen,
                       const Destination *to, long pixel, long first, long valid)
{
    words different[PIXELS][COLUMNS], both[PIXELS][COLUMNS];
    count_patch(signs, masks, patch, W_signs, W_masks, kind, DIFFERENT, columns, different);
    if (kind == ALL_MASKS)
        count_patch(signs, masks, patch, W_signs, W_masks, kind, COUNTED, columns, both);
    for (int v = 0; v < columns; v++) {
        integers sums[PIXELS];
        for (int i = 0; i < PIXELS; i++) {
            const words total = kind == ALL_MASKS ? both[i][v] : (words){0} + seen[i];
            sums[i] = (integers)(total - different[i][v] - different[i][v]);
        }
        const long start = first + v * LANES, width = smaller(LANES, to->outputs - start);
        if (to->winners)
            put_maxima(sums, to, pixel / PIXELS * to->outputs + start, start, width);
        else
            for (long i = 0; i < valid; i++)
                put_sums(sums[i], to, (pixel + i) * to->outputs + start, start, width);
    }
}

static uint32_t count_masks(const uint32_t *masks, Patch patch)
{
    uint32_t count = 0;
    for (long w = 0; w < patch.count; w++)
        count += __builtin_popcount(masks[patch.places[w]]);
    return count;
}

// All outputs of PIXELS pixels from `pixel` on, sums of `inputs` products each; pixel i reads from word starts[i] on, or
// i * step if NULL.
INLINE void count_pixels(Bits x, Bits W, Patch patch, const long *starts, long step, long pixel, long pixels,
                         long inputs, const Masks kind, const Destination *to)
{
    const long columns = parts_of(to->outputs, LANES), column = patch.count * LANES;
    const long valid = smaller(PIXELS, pixels - pixel);
    const uint32_t *signs[PIXELS], *masks[PIXELS];
    uint32_t seen[PIXELS];
    for (long i = 0; i < PIXELS; i++) {
        const long number = smaller(pixel + i, pixels - 1), at = starts ? starts[number] : number * step;
        signs[i] = x.signs + at;
        masks[i] = x.masks + at;
        seen[i] = kind == INPUT_MASKS ? count_masks(masks[i], patch) : (uint32_t)inputs;
    }
    long c = 0;
    for (; c + COLUMNS <= columns; c += COLUMNS)
        count_tile(signs, masks, patch, W.signs + c * column, W.masks + c * column, kind, COLUMNS, seen, to, pixel,
                   c * LANES, valid);
    for (; c < columns; c++)
        count_tile(signs, masks, patch, W.signs + c * column, W.masks + c * column, kind, 1, seen, to, pixel, c * LANES,
                   valid);
}

static void count_products(Bits x, Bits W, Patch patch, const long *starts, long step, long pixels, long inputs,
                           Masks kind, const Destination *to)
{
    // `kind` is tested inside the loop: OpenMP makes a function of the loop, in which outer constants are variables.
#pragma omp parallel for schedule(static)
    for (long pixel = 0; pixel < pixels; pixel += PIXELS)
        if (kind == NO_MASKS)
            count_pixels(x, W, patch, starts, step, pixel, pixels, inputs, NO_MASKS, to);
        else if (kind == INPUT_MASKS)
            count_pixels(x, W, patch, starts, step, pixel, pixels, inputs, INPUT_MASKS, to);
        else
            count_pixels(x, W, patch, starts, step, pixel, pixels, inputs, ALL_MASKS, to);
}

static inline Masks masks_for(Digits x, Digits W) { return W.ternary ? ALL_MASKS : x.ternary ? INPUT_MASKS : NO_MASKS; }

#endif
