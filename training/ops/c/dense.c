// Dense layers: y = x . W + b, and its gradients. The formulas, and the twins in plain Theano, are in dense.py.
#include "counting.h"
#include "lookup.h"

// bytes[j] |= bit where row[j] is not 0 (masks) or is negative (signs): a row is one bit of each byte.
INLINE void add_bits(const int8_t *row, long columns, uint8_t bit, bool masks, uint8_t *__restrict bytes)
{
    for (long j = 0; j < columns; j++)
        bytes[j] |= (masks ? row[j] != 0 : row[j] < 0) ? bit : 0;
}

// A matrix as bits, LANES columns side by side: [column / LANES][word of rows][column % LANES].
static int pack_matrix(const int8_t *matrix, long rows, long columns, bool with_masks, Bits bits, Workspace *workspace)
{
    const long count = words_of(rows), side = round_up(columns, LANES);
    TAKE(uint8_t, all_bytes, thread_count() * 4 * side);
#pragma omp parallel for schedule(static)
    for (long task = 0; task < count * (with_masks ? 2 : 1); task++) {
        const long w = task % count;
        const bool masks = task >= count;
        uint8_t *bytes = all_bytes + thread_number() * 4 * side;
        uint32_t *to = (masks ? bits.masks : bits.signs) + w * LANES;
        memset(bytes, 0, 4 * side);
        for (long i = 0; i < smaller(32, rows - 32 * w); i++) {
            const int8_t *row = matrix + (32 * w + i) * columns;
            if (masks)
                add_bits(row, columns, (uint8_t)(1 << i % 8), true, bytes + i / 8 * side);
            else
                add_bits(row, columns, (uint8_t)(1 << i % 8), false, bytes + i / 8 * side);
        }
        for (long first = 0; first < side; first += LANES, to += count * LANES)
            for (int j = 0; j < LANES; j++)
                to[j] = bytes[first + j] | (uint32_t)bytes[side + first + j] << 8 |
                        (uint32_t)bytes[2 * side + first + j] << 16 | (uint32_t)bytes[3 * side + first + j] << 24;
    }
    return 0;
}

// For inputs of any values.
static void dense_real(const float *x, Digits W, const float *b, float *y, long batch, long inputs, long units)
{
#pragma omp parallel for schedule(static)
    for (long n = 0; n < batch; n++) {
        float *to = y + n * units;
        for (long j = 0; j < units; j++)
            to[j] = b ? b[j] : 0;
        for (long i = 0; i < inputs; i++)
            for (long j = 0; j < units; j++)
                to[j] += W.magnitude * x[n * inputs + i] * W.digits[i * units + j];
    }
}

static int dense(Operand x, Operand W, const float *b, float *y, long batch, long inputs, long units,
                 Workspace *workspace)
{
    const long words = words_of(inputs), side = round_up(units, LANES);
    TAKE(int8_t, x_room, batch * inputs);
    TAKE(int8_t, W_room, inputs * units);
    TAKE(uint32_t, x_bits, 2 * batch * words);
    TAKE(uint32_t, W_bits, 2 * words * side);
    Digits x_digits, W_digits;
    if (!quantized(W, inputs * units, W_room, &W_digits))
        return NOT_QUANTIZED;
    if (!quantized(x, batch * inputs, x_room, &x_digits)) {
        if (x.digits)
            return NOT_QUANTIZED;
        dense_real(x.real, W_digits, b, y, batch, inputs, units);
        return 0;
    }
    const Bits x_rows = {x_bits, x_bits + batch * words}, W_columns = {W_bits, W_bits + words * side};
    TAKE(long, places, words);
    const Patch patch = patch_of(1, words, 0, places);
    pack_rows(x_digits.digits, batch, inputs, x_rows);
    if (pack_matrix(W_digits.digits, inputs, units, W_digits.ternary, W_columns, workspace))
        return NO_MEMORY;
    const Destination to = {x_digits.magnitude * W_digits.magnitude, b, y, NULL, units};
    count_products(x_rows, W_columns, patch, NULL, words, batch, inputs, masks_for(x_digits, W_digits), &to);
    return 0;
}

// dx = dy . W transposed
static int dense_input_gradient(const float *dy, Operand W, float *dx, long batch, long units, long inputs,
                                Workspace *workspace)
{
    TAKE(int8_t, room, inputs * units);
    Digits digits;
    if (!quantized(W, inputs * units, room, &digits))
        return NOT_QUANTIZED;
    const long threads = thread_count(), blocks = parts_of(batch, SIDE), parts = blocks < 4 * threads ? threads : 1;
    const long part = round_up(parts_of(inputs, parts), TRANSPOSED);
    TAKE(uint16_t, index, parts_of(units, rows_of_group(digits.ternary)) * inputs);
    TAKE(float, numbers, threads * units * SIDE);
    TAKE(float, all_sums, threads * part * SIDE);
    TAKE(float, tables, threads * table_floats());
    pack_transposed_indices(digits.digits, inputs, units, digits.ternary, index);
#pragma omp parallel for schedule(static)
    for (long task = 0; task < blocks * parts; task++) {
        const long n = task / parts * SIDE, images = smaller(SIDE, batch - n), begin = task % parts * part;
        const long count = smaller(part, inputs - begin), t = thread_number();
        float *sums = all_sums + t * part * SIDE;
        if (count <= 0)
            continue;
        look_up_block(dy + n * units, images, units, index + begin, inputs, &digits, sums, count,
                      numbers + t * units * SIDE, tables + t * table_floats());
        transpose_matrix(sums, count, images, SIDE, dx + n * inputs + begin, inputs);
    }
    return 0;
}

// dW = x transposed . dy for inputs of any values.
static void dense_weight_gradient_real(const float *x, const float *dy, float *dW, long batch, long inputs, long units)
{
#pragma omp parallel for schedule(static)
    for (long i = 0; i < inputs; i++) {
        float *to = dW + i * units;
        memset(to, 0, sizeof(float) * units);
        for (long n = 0; n < batch; n++)
            for (long j = 0; j < units; j++)
                to[j] += x[n * inputs + i] * dy[n * units + j];
    }
}

static void sum_columns(const float *dy, long rows, long columns, float *sums)
{
    enum { WIDTH = 64 };
#pragma omp parallel for schedule(static) if (rows * columns > 20000)
    for (long first = 0; first < columns; first += WIDTH) {
        const long width = smaller(WIDTH, columns - first);
        double totals[WIDTH] = {0};
        for (long n = 0; n < rows; n++)
            for (long j = 0; j < width; j++)
                totals[j] += dy[n * columns + first + j];
        for (long j = 0; j < width; j++)
            sums[first + j] = (float)totals[j];
    }
}

// dW = x transposed . dy for digits many of which are 0, as after dropout: for each input, the rows of dy where x is 1 are
// added and those where it is -1 subtracted, two at a time into two independent sums.
static int dense_weight_gradient_skipping(const Digits *x, const float *dy, float *dW, long batch, long inputs,
                                          long units, Workspace *workspace)
{
    enum { ADDED = 4, WIDTH = ADDED * LANES }; // sums stay in registers, WIDTH columns of dy in the first-level cache
    const long words = words_of(batch), side = round_up(inputs, LANES), room = batch + 2;
    const long threads = thread_count(), chunks = parts_of(units, WIDTH), parts = chunks < threads ? threads : 1;
    const long part = parts_of(inputs, parts);
    TAKE(uint32_t, signs, words * side);
    TAKE(uint32_t, masks, words * side);
    TAKE(int32_t, all_rows, inputs * room);
    TAKE(int32_t, all_counts, 2 * inputs);
    TAKE(float, all_numbers, threads * (batch + 1) * WIDTH);
    const Bits bits = {signs, masks};
    if (pack_matrix(x->digits, batch, inputs, true, bits, workspace))
        return NO_MEMORY;
#pragma omp parallel for schedule(static)
    for (long i = 0; i < inputs; i++) {
        int32_t *rows = all_rows + i * room, count = 0;
        for (int negative = 0; negative < 2; negative++) {
            const int32_t before = count;
            for (long w = 0; w < words; w++) {
                const long at = (i / LANES * words + w) * LANES + i % LANES;
                for (uint32_t left = masks[at] & (negative ? signs[at] : ~signs[at]); left; left &= left - 1)
                    rows[count++] = (int32_t)((32 * w + __builtin_ctz(left)) * WIDTH);
            }
            if ((count - before) % 2)
                rows[count++] = (int32_t)(batch * WIDTH); // a row of zeros
            all_counts[2 * i + negative] = count;
        }
    }
#pragma omp parallel for schedule(static)
    for (long task = 0; task < chunks * parts; task++) {
        const long first = task / parts * WIDTH, width = smaller(WIDTH, units - first);
        const long begin = task % parts * part, end = smaller(begin + part, inputs);
        float *numbers = all_numbers + thread_number() * (batch + 1) * WIDTH, edge[WIDTH];
        memset(numbers, 0, sizeof(float) * (batch + 1) * WIDTH);
        for (long n = 0; n < batch; n++)
            memcpy(numbers + n * WIDTH, dy + n * units + first, sizeof(float) * width);
        for (long i = begin; i < end; i++) {
            const int32_t *rows = all_rows + i * room, positive = all_counts[2 * i], all = all_counts[2 * i + 1];
            floats even[ADDED], odd[ADDED];
#pragma GCC unroll 4
            for (int v = 0; v < ADDED; v++)
                even[v] = odd[v] = floats_of(0);
            long k = 0;
            for (; k < positive; k += 2)
#pragma GCC unroll 4
                for (int v = 0; v < ADDED; v++) {
                    even[v] += load(numbers + rows[k] + v * LANES);
                    odd[v] += load(numbers + rows[k + 1] + v * LANES);
                }
            for (; k < all; k += 2)
#pragma GCC unroll 4
                for (int v = 0; v < ADDED; v++) {
                    even[v] -= load(numbers + rows[k] + v * LANES);
                    odd[v] -= load(numbers + rows[k + 1] + v * LANES);
                }
            float *to = width == WIDTH ? dW + i * units + first : edge;
#pragma GCC unroll 4
            for (int v = 0; v < ADDED; v++)
                store(to + v * LANES, (even[v] + odd[v]) * x->magnitude);
            if (width < WIDTH)
                memcpy(dW + i * units + first, edge, sizeof(float) * width);
        }
    }
    return 0;
}

// dW = x transposed . dy, db = sum of dy over the batch
static int dense_weight_gradient(Operand x, const float *dy, float *dW, float *db, long batch, long inputs, long units,
                                 Workspace *workspace)
{
    enum { TOGETHER = 4 }; // blocks of SIDE units that are written together, so that dW's pages are visited less often
    const long threads = thread_count(), columns = round_up(units, SIDE), chunks = parts_of(columns, TOGETHER * SIDE);
    const long parts = chunks < threads ? threads : 1, part = parts_of(inputs, parts);
    TAKE(int8_t, room, batch * inputs);
    Digits digits;
    sum_columns(dy, batch, units, db);
    if (!quantized(x, batch * inputs, room, &digits)) {
        if (x.digits)
            return NOT_QUANTIZED;
        dense_weight_gradient_real(x.real, dy, dW, batch, inputs, units);
        return 0;
    }
    if (digits.ternary)
        return dense_weight_gradient_skipping(&digits, dy, dW, batch, inputs, units, workspace);
    TAKE(int8_t, ones, inputs);
    TAKE(float, all_sums, threads * TOGETHER * part * SIDE);
    TAKE(float, all_tables, threads * table_floats());
    TAKE(float, padded, units % SIDE ? batch * columns : 1);
    TAKE(uint16_t, index, parts_of(batch, rows_of_group(false)) * inputs);
    memset(ones, 1, inputs);
    pack_all_indices(digits.digits, batch, inputs, false, ones, index);
    for (long n = 0; units % SIDE && n < batch; n++) {
        memset(padded + n * columns, 0, sizeof(float) * columns);
        memcpy(padded + n * columns, dy + n * units, sizeof(float) * units);
    }
    const float *numbers = units % SIDE ? padded : dy;
#pragma omp parallel for schedule(static)
    for (long task = 0; task < chunks * parts; task++) {
        const long first = task / parts * TOGETHER * SIDE, end = smaller(first + TOGETHER * SIDE, columns);
        const long begin = task % parts * part, count = smaller(part, inputs - begin);
        float *sums = all_sums + thread_number() * TOGETHER * part * SIDE;
        for (long column = first; column < end && count > 0; column += SIDE)
            look_up_rows(numbers + column, columns, batch, index + begin, inputs, false, sums + (column - first) * part,
                         count, false, all_tables + thread_number() * table_floats());
        for (long i = 0; i < count; i++)
            for (long column = first; column < end; column += SIDE) {
                const float *from = sums + (column - first) * part + i * SIDE;
                float *to = dW + (begin + i) * units + column;
                const long width = smaller(SIDE, units - column);
                if (width == SIDE)
                    for (int v = 0; v < SIDE; v += LANES)
                        store(to + v, load(from + v) * digits.magnitude);
                else
                    for (long j = 0; j < width; j++)
                        to[j] = from[j] * digits.magnitude;
            }
    }
    return 0;
}
