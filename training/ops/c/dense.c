// Dense layers: y = x . W + b, and its gradients. The formulas, and the twins in plain Theano, are in dense.py.
#include "counting.h"
#include "lookup.h"

// W (inputs x units) as bits, LANES units side by side: [unit / LANES][word of inputs][unit % LANES].
static void pack_matrix(const int8_t *W, long inputs, long units, bool with_masks, Bits bits)
{
    const long count = words_of(inputs);
#pragma omp parallel for schedule(static)
    for (long w = 0; w < count; w++)
        for (long first = 0; first < units; first += LANES) {
            uint32_t signs[LANES] = {0}, masks[LANES] = {0};
            for (long i = 32 * w; i < smaller(32 * (w + 1), inputs); i++) {
                const int8_t *from = W + i * units + first;
                int8_t edge[LANES] = {0};
                if (units - first < LANES)
                    from = (const int8_t *)memcpy(edge, from, units - first);
                for (int j = 0; j < LANES; j++)
                    signs[j] |= (uint32_t)(from[j] < 0) << i % 32;
                for (int j = 0; with_masks && j < LANES; j++)
                    masks[j] |= (uint32_t)(from[j] != 0) << i % 32;
            }
            memcpy(bits.signs + (first / LANES * count + w) * LANES, signs, sizeof signs);
            memcpy(bits.masks + (first / LANES * count + w) * LANES, masks, sizeof masks);
        }
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
    const Runs runs = {1, words, 0};
    pack_rows(x_digits.digits, batch, inputs, x_rows);
    pack_matrix(W_digits.digits, inputs, units, W_digits.ternary, W_columns);
    const Destination to = {x_digits.magnitude * W_digits.magnitude, b, y, NULL, units};
    count_products(x_rows, W_columns, runs, NULL, words, batch, inputs, masks_for(x_digits, W_digits), &to);
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
    TAKE(uint16_t, index, parts_of(units, rows_of_group(digits.ternary)) * inputs);
    pack_transposed_indices(digits.digits, inputs, units, digits.ternary, index);
    return multiply_by_index(dy, batch, units, index, inputs, &digits, dx, workspace);
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

// dW = x transposed . dy, db = sum of dy over the batch
static int dense_weight_gradient(Operand x, const float *dy, float *dW, float *db, long batch, long inputs, long units,
                                 Workspace *workspace)
{
    enum { TOGETHER = 4 }; // blocks of SIDE units that are written together: less than a page's turn for each
    const long threads = thread_count(), columns = round_up(units, SIDE), chunks = parts_of(columns, TOGETHER * SIDE);
    const long parts = chunks < threads ? threads : 1, part = parts_of(inputs, parts);
    TAKE(int8_t, room, batch * inputs);
    TAKE(int8_t, ones, inputs);
    TAKE(float, all_sums, threads * TOGETHER * part * SIDE);
    TAKE(float, all_tables, threads * table_floats());
    TAKE(float, padded, units % SIDE ? batch * columns : 1);
    Digits digits;
    sum_columns(dy, batch, units, db);
    if (!quantized(x, batch * inputs, room, &digits)) {
        if (x.digits)
            return NOT_QUANTIZED;
        dense_weight_gradient_real(x.real, dy, dW, batch, inputs, units);
        return 0;
    }
    TAKE(uint16_t, index, parts_of(batch, rows_of_group(digits.ternary)) * inputs);
    memset(ones, 1, inputs);
    pack_all_indices(digits.digits, batch, inputs, digits.ternary, ones, index);
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
            look_up_rows(numbers + column, columns, batch, index + begin, inputs, digits.ternary,
                         sums + (column - first) * part, count, false, all_tables + thread_number() * table_floats());
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
