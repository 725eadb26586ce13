/* Compares the C functions of training/ops that multiply with loops in double, for shapes with remainders of every kind.
   test_kernels.py compiles it for each instruction set, and under the sanitizers. Prints the instruction set and a checksum
   of the results; status 1 if one differs. With the argument `failures`, each allocation fails once, for a few of the
   shapes; with `bits`, only the checksum is computed, for the caller to compare. See kernels.h.
 */
#include "kernels.h"

#include "conv.c"
#include "dense.c"

static void test_dense(long batch, long inputs, long units, bool ternary_x, bool ternary_W, Workspace *ws)
{
    int8_t *x = digits_new(batch * inputs, ternary_x), *W = digits_new(inputs * units, ternary_W);
    float *b = numbers_new(units), *dy = numbers_new(batch * units), *y = numbers_new(batch * units);
    float *dx = numbers_new(batch * inputs), *dW = numbers_new(inputs * units), *db = numbers_new(units);
    const Operand x_ = {NULL, x}, W_ = {NULL, W};
    RUN("dense", dense(x_, W_, b, y, batch, inputs, units, ws), y, sizeof(float) * batch * units);
    RUN("dense_input_gradient", dense_input_gradient(dy, W_, dx, batch, units, inputs, ws), dx,
        sizeof(float) * batch * inputs);
    RUN("dense_weight_gradient", dense_weight_gradient(x_, dy, dW, db, batch, inputs, units, ws), dW,
        sizeof(float) * inputs * units);
    for (long n = 0; loops && n < batch; n++)
        for (long j = 0; j < units; j++) {
            double sum = b[j];
            for (long i = 0; i < inputs; i++)
                sum += x[n * inputs + i] * W[i * units + j];
            compare("dense", y[n * units + j], sum, inputs);
        }
    for (long n = 0; loops && n < batch; n++)
        for (long i = 0; i < inputs; i++) {
            double sum = 0;
            for (long j = 0; j < units; j++)
                sum += (double)dy[n * units + j] * W[i * units + j];
            compare("dense dx", dx[n * inputs + i], sum, units);
        }
    for (long i = 0; loops && i < inputs; i++)
        for (long j = 0; j < units; j++) {
            double sum = 0;
            for (long n = 0; n < batch; n++)
                sum += (double)x[n * inputs + i] * dy[n * units + j];
            compare("dense dW", dW[i * units + j], sum, batch);
        }
    add_bits_of(y, batch * units), add_bits_of(dx, batch * inputs), add_bits_of(dW, inputs * units),
        add_bits_of(db, units);
    free(x), free(W), free(b), free(dy), free(y), free(dx), free(dW), free(db);
}

static void test_conv(long batch, long rows, long columns, long channels, long filters, bool ternary_x, bool ternary_W,
                      bool pooled, bool real, Workspace *ws)
{
    const long out_rows = rows - 2, out_columns = columns - 2, taps = 9 * channels,
               pixels = batch * out_rows * out_columns;
    const long windows = batch * (out_rows / 2) * (out_columns / 2), outputs = (pooled ? windows : pixels) * filters;
    int8_t *x = digits_new(batch * rows * columns * channels, ternary_x), *W = digits_new(filters * taps, ternary_W);
    int8_t *winners = digits_new(windows * filters + 1, false);
    float *images = numbers_new(batch * rows * columns * channels), *b = numbers_new(filters),
          *dy = numbers_new(outputs);
    float *y = numbers_new(outputs), *dx = numbers_new(batch * rows * columns * channels),
          *dW = numbers_new(filters * taps);
    float *db = numbers_new(filters), *whole = numbers_new(pixels * filters), *whole_dy = numbers_new(pixels * filters);
    const Operand x_ = {real ? images : NULL, real ? NULL : x}, W_ = {NULL, W};
    RUN("conv",
        pooled ? conv_pool(x_, W_, b, y, winners, batch, rows, columns, channels, filters, ws)
               : conv(x_, W_, b, y, batch, rows, columns, channels, filters, ws),
        y, sizeof(float) * outputs);
    RUN("conv_input_gradient",
        pooled ? conv_pool_input_gradient(dy, winners, W_, x_, dx, batch, out_rows / 2, out_columns / 2, filters,
                                          channels, rows, columns, ws)
               : conv_input_gradient(dy, W_, dx, batch, out_rows, out_columns, filters, channels, ws),
        dx, sizeof(float) * batch * rows * columns * channels);
    RUN("conv_weight_gradient",
        pooled ? conv_pool_weight_gradient(x_, dy, winners, dW, db, batch, rows, columns, channels, filters, ws)
               : conv_weight_gradient(x_, dy, dW, db, batch, rows, columns, channels, filters, ws),
        dW, sizeof(float) * filters * taps);
#define X(image, row, column, c)                                                                                       \
    (real ? images[(((image) * rows + (row)) * columns + (column)) * channels + (c)]                                   \
          : x[(((image) * rows + (row)) * columns + (column)) * channels + (c)])
    for (long image = 0; loops && image < batch; image++)
        for (long row = 0; row < out_rows; row++)
            for (long column = 0; column < out_columns; column++)
                for (long f = 0; f < filters; f++) {
                    double sum = b[f];
                    for (long t = 0; t < 9; t++)
                        for (long c = 0; c < channels; c++)
                            sum += (double)X(image, row + t / 3, column + t % 3, c) * W[(f * channels + c) * 9 + t];
                    const long pixel = (image * out_rows + row) * out_columns + column;
                    whole[pixel * filters + f] = (float)sum;
                    if (!pooled)
                        compare("conv", y[pixel * filters + f], sum, taps);
                    whole_dy[pixel * filters + f] = pooled ? 0 : dy[pixel * filters + f];
                }
    for (long window = 0; loops && pooled && window < windows; window++)
        for (long f = 0; f < filters; f++) {
            const long column = window % (out_columns / 2) * 2, above = window / (out_columns / 2);
            const long row = above / (out_rows / 2) * out_rows + above % (out_rows / 2) * 2;
            double most = -1e30;
            for (long i = 0; i < 4; i++) {
                const long at = ((row + i / 2) * out_columns + column + i % 2) * filters + f;
                most = fmax(most, whole[at]);
                if (winners[window * filters + f] >> i & 1) {
                    compare("winner", whole[at], y[window * filters + f], taps);
                    whole_dy[at] = dy[window * filters + f];
                }
            }
            compare("conv_pool", y[window * filters + f], most, taps);
        }
    for (long f = 0; loops && f < filters; f++)
        for (long c = 0; c < channels; c++)
            for (long t = 0; t < 9; t++) {
                double sum = 0;
                for (long image = 0; image < batch; image++)
                    for (long row = 0; row < out_rows; row++)
                        for (long column = 0; column < out_columns; column++)
                            sum += (double)X(image, row + t / 3, column + t % 3, c) *
                                   whole_dy[((image * out_rows + row) * out_columns + column) * filters + f];
                compare("conv dW", dW[(f * channels + c) * 9 + t], sum, pixels);
            }
    for (long image = 0; loops && image < batch; image++)
        for (long row = 0; row < rows; row++)
            for (long column = 0; column < columns; column++)
                for (long c = 0; c < channels; c++) {
                    double sum = 0;
                    for (long t = 0; t < 9; t++) {
                        const long r = row - t / 3, k = column - t % 3;
                        for (long f = 0; r >= 0 && k >= 0 && r < out_rows && k < out_columns && f < filters; f++)
                            sum += (double)whole_dy[((image * out_rows + r) * out_columns + k) * filters + f] *
                                   W[(f * channels + c) * 9 + t];
                    }
                    compare("conv dx", dx[((image * rows + row) * columns + column) * channels + c], sum, 9 * filters);
                }
    add_bits_of(y, outputs), add_bits_of(dx, batch * rows * columns * channels), add_bits_of(dW, filters * taps);
    add_bits_of(db, filters);
    free(x), free(W), free(winners), free(images), free(b), free(dy), free(y), free(dx), free(dW), free(db),
        free(whole);
    free(whole_dy);
}

/* Every sign differs, in more words than counts in bytes can hold; the counts must not overflow. */
static void test_counts(bool ternary, Workspace *ws)
{
    enum { INPUTS = 8300 };
    int8_t *x = digits_new(INPUTS, false), *W = digits_new(INPUTS, false);
    const Operand x_ = {NULL, x}, W_ = {NULL, W};
    float y;
    memset(x, -1, INPUTS);
    memset(W, 1, INPUTS);
    W[0] = !ternary;
    RUN("dense", dense(x_, W_, NULL, &y, 1, INPUTS, 1, ws), &y, sizeof y);
    if (loops)
        compare("counts", y, ternary - INPUTS, 1);
    free(x);
    free(W);
}

int main(int argc, char **argv)
{
    /* 8300 inputs, 896 channels: more than the 248 words that AVX-512 can count in bytes */
    static const long matrices[][3] = {{1, 1, 1},    {5, 33, 10},   {17, 70, 49},
                                       {24, 97, 16}, {100, 64, 50}, {2, 8300, 20}};
    /* 64 channels and 32 filters: for the sparse gradients; 37 small images, which these take in parts */
    static const long images[][5] = {{1, 3, 3, 1, 1},   {2, 4, 7, 5, 3},    {2, 8, 7, 64, 32},
                                     {3, 9, 7, 32, 20}, {2, 14, 6, 3, 33},  {5, 3, 3, 40, 16},
                                     {1, 21, 19, 2, 7}, {37, 6, 6, 64, 32}, {1, 3, 4, 896, 17}};
    Workspace workspace = {NULL, 0, 0, NULL}, *const ws = &workspace;
    begin(argc, argv);
    const unsigned some = 3; /* the first shapes reach every allocation */
    for (int kind = 0; kind < 4; kind++) {
        for (unsigned i = 0; i < (failures ? some : sizeof matrices / sizeof *matrices); i++)
            test_dense(matrices[i][0], matrices[i][1], matrices[i][2], kind & 1, kind & 2, ws);
        test_counts(kind & 2, ws);
        for (unsigned i = 0; i < (failures ? some : sizeof images / sizeof *images); i++)
            for (int form = 0; form < 3; form++) {
                const bool pooled = form == 1, sparse = images[i][3] == 64;
                if (sparse && !pooled)
                    continue;
                if (!pooled || (images[i][1] > 3 && images[i][2] > 3))
                    test_conv(images[i][0], images[i][1], images[i][2], images[i][3], images[i][4], kind & 1, kind & 2,
                              pooled, form == 2, ws);
            }
    }
    workspace_free(ws);
    return finish();
}
