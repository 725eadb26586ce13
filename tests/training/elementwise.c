/* Compares the other C functions of training/ops with loops in double: batch norm with its activation, Adam, dropout, max
   pooling. Like kernels.c, except that results are always compared. Defines the macros that the ops' modules would define.
 */
#include "kernels.h"

#define NUMBER float
#define ACTIVATION(x) ((x) >= .5f ? 1.f : (x) >= -.5f ? 0.f : -1.f)
#define PASSES(x) ((x) >= -1 && (x) <= 1)
#include "batch_norm.c"

#define BETA1 0.9
#define BETA2 0.999
#define EPSILON 1e-8
#define QUANTIZE(x) ((x) > 0 ? 1 : -1)
#include "adam.c"

#include "dropout.c"
#include "max_pool.c"

static void test_batch_norm(long rows, long channels, Workspace *ws)
{
    const long count = rows * channels;
    const float epsilon = 1e-4f;
    float *x = numbers_new(count), *gamma = numbers_new(channels), *beta = numbers_new(channels);
    float *y = numbers_new(count), *mean = numbers_new(channels), *inv_std = numbers_new(channels);
    float *dy = numbers_new(count), *dx = numbers_new(count), *dgamma = numbers_new(channels),
          *dbeta = numbers_new(channels), *same = numbers_new(count);
    RUN("batch_norm", batch_norm(x, gamma, beta, y, mean, inv_std, rows, channels, epsilon, ws), y,
        sizeof(float) * count);
    RUN("normalize", normalize(x, gamma, beta, mean, inv_std, same, rows, channels, ws), same, sizeof(float) * count);
    check("normalize", !memcmp(y, same, sizeof(float) * count), 0);
    RUN("batch_norm_gradient",
        batch_norm_gradient(x, gamma, beta, mean, inv_std, dy, dx, dgamma, dbeta, rows, channels, ws), dx,
        sizeof(float) * count);
    for (long c = 0; c < channels; c++) {
        double sum = 0, squares = 0, plain = 0, weighted = 0;
        for (long row = 0; row < rows; row++)
            sum += x[row * channels + c];
        for (long row = 0; row < rows; row++)
            squares += (x[row * channels + c] - sum / rows) * (x[row * channels + c] - sum / rows);
        compare("mean", mean[c], sum / rows, 1);
        compare("inv_std", inv_std[c], 1 / sqrt(squares / rows + epsilon), 100);
        for (long row = 0; row < rows; row++) {
            const float centred = x[row * channels + c] - mean[c], scaled = centred * (gamma[c] * inv_std[c]) + beta[c];
            /* this close to an edge, rounding may give either value */
            const bool at_edge = fabsf(fabsf(scaled) - .5f) < 1e-5 || fabsf(fabsf(scaled) - 1) < 1e-5;
            check("activation", at_edge || y[row * channels + c] == ACTIVATION(scaled), 0);
            if (PASSES(scaled)) {
                plain += dy[row * channels + c];
                weighted += (double)dy[row * channels + c] * centred;
            }
        }
        compare("dbeta", dbeta[c], plain, rows);
        compare("dgamma", dgamma[c], weighted * inv_std[c], rows * inv_std[c]);
    }
    add_bits_of(y, count), add_bits_of(dx, count), add_bits_of(dgamma, channels), add_bits_of(dbeta, channels);
    free(x), free(gamma), free(beta), free(y), free(mean), free(inv_std), free(dy), free(dx), free(dgamma), free(dbeta);
    free(same);
}

static void test_adam(long size, Workspace *ws)
{
    const float rate = .01f, scale = 3;
    for (int quantized = 0; quantized < 2; quantized++) {
        float *gradient = numbers_new(size), *W = numbers_new(size), *mean = numbers_new(size);
        float *variance = numbers_new(size);
        int8_t *copy = digits_new(size, false);
        double *expected = (double *)malloc(sizeof(double) * size);
        for (long i = 0; i < size; i++) {
            variance[i] *= variance[i];
            const double g = gradient[i], m = BETA1 * mean[i] + (1 - BETA1) * g;
            const double v = BETA2 * variance[i] + (1 - BETA2) * g * g;
            expected[i] = W[i] - (quantized ? scale : 1) * rate * m / (sqrt(v) + EPSILON);
            if (quantized)
                expected[i] = fmin(1, fmax(-1, expected[i]));
        }
        check("adam",
              !(quantized ? adam_quantized(gradient, &rate, &scale, W, mean, variance, copy, size, ws)
                          : adam(gradient, &rate, W, mean, variance, size, ws)),
              0);
        for (long i = 0; i < size; i++) {
            compare("adam", W[i], expected[i], 10);
            check("copy", !quantized || copy[i] == QUANTIZE(W[i]), copy[i]);
        }
        add_bits_of(W, size), add_bits_of(mean, size), add_bits_of(variance, size);
        free(gradient), free(W), free(mean), free(variance), free(copy), free(expected);
    }
}

static void test_dropout(long size, Workspace *ws)
{
    const int64_t seed_and_step[] = {1234, 5};
    float *x = numbers_new(size), *y = numbers_new(size);
    long kept = 0;
    check("dropout", !dropout(x, seed_and_step, y, size, UINT32_C(1) << 31, 2, ws), 0);
    for (long i = 0; i < size; i++) {
        check("dropout", y[i] == 0 || y[i] == x[i] * 2, (int)i);
        kept += y[i] != 0;
    }
    check("kept", size < 100 || labs(2 * kept - size) < size / 4, (int)kept);
    add_bits_of(y, size);
    free(x), free(y);
}

static void test_max_pool(long batch, long rows, long columns, long channels, Workspace *ws)
{
    const long inputs = batch * rows * columns * channels, outputs = batch * (rows / 2) * (columns / 2) * channels;
    float *x = numbers_new(inputs), *y = numbers_new(outputs), *dy = numbers_new(outputs), *dx = numbers_new(inputs);
    double *expected = (double *)calloc(inputs, sizeof(double));
    check("max_pool", !max_pool(x, y, batch, rows, columns, channels, ws), 0);
    check("max_pool_gradient", !max_pool_gradient(x, y, dy, dx, batch, rows, columns, channels, ws), 0);
    for (long image = 0; image < batch; image++)
        for (long row = 0; row < rows / 2; row++)
            for (long column = 0; column < columns / 2; column++)
                for (long c = 0; c < channels; c++) {
                    const long at = ((image * (rows / 2) + row) * (columns / 2) + column) * channels + c;
                    double most = -1e30;
                    for (int twice = 0; twice < 2; twice++)
                        for (long i = 0; i < 4; i++) {
                            const long from =
                                ((image * rows + 2 * row + i / 2) * columns + 2 * column + i % 2) * channels + c;
                            most = fmax(most, x[from]);
                            if (twice && x[from] == most)
                                expected[from] = dy[at];
                        }
                    compare("max_pool", y[at], most, 0);
                }
    for (long i = 0; i < inputs; i++)
        compare("max_pool_gradient", dx[i], expected[i], 0);
    add_bits_of(y, outputs), add_bits_of(dx, inputs);
    free(x), free(y), free(dy), free(dx), free(expected);
}

int main(int argc, char **argv)
{
    static const long matrices[][2] = {{1, 1}, {63, 17}, {64, 16}, {65, 5}, {300, 33}, {1000, 64}};
    static const long images[][4] = {{1, 2, 2, 1}, {2, 5, 7, 3}, {3, 9, 4, 17}, {2, 14, 14, 64}, {1, 1, 9, 2}};
    /* Adam uses several threads beyond 20000, dropout beyond 50000 */
    static const long sizes[] = {1, 15, 17, 1000, 20001, 50021};
    Workspace workspace = {NULL, 0, 0, NULL}, *const ws = &workspace;
    begin(argc, argv);
    for (unsigned i = 0; i < sizeof matrices / sizeof *matrices; i++)
        test_batch_norm(matrices[i][0], matrices[i][1], ws);
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        test_adam(sizes[i], ws);
        test_dropout(sizes[i], ws);
    }
    for (unsigned i = 0; i < sizeof images / sizeof *images; i++)
        test_max_pool(images[i][0], images[i][1], images[i][2], images[i][3], ws);
    workspace_free(ws);
    return finish();
}
