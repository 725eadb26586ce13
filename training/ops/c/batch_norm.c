// Batch norm over the rows of a matrix (rows x channels), and the quantised activation after it. batch_norm.py has the
// formulas and defines ACTIVATION(normalized), PASSES(normalized): whether the gradient passes, and NUMBER: y's type.
// Sums are taken over blocks of rows, and these added up in order: the same for any number of threads.
#include "support.h"

enum { BLOCK = 64 };

// mean and 1/sqrt(variance + epsilon) of each channel. Each block squares the differences from its own mean, so that no
// precision is lost where the mean is far from 0.
static int batch_statistics(const float *x, float *mean, float *inv_std, long rows, long channels, float epsilon,
                            Workspace *workspace)
{
    const long blocks = parts_of(rows, BLOCK);
    TAKE(float, sums, 2 * blocks * channels);
#pragma omp parallel for schedule(static)
    for (long block = 0; block < blocks; block++) {
        const long first = block * BLOCK, count = smaller(BLOCK, rows - first);
        float *average = sums + 2 * block * channels, *squares = average + channels;
        memset(average, 0, sizeof(float) * 2 * channels);
        for (long row = first; row < first + count; row++)
#pragma omp simd
            for (long c = 0; c < channels; c++)
                average[c] += x[row * channels + c];
#pragma omp simd
        for (long c = 0; c < channels; c++)
            average[c] /= count;
        for (long row = first; row < first + count; row++)
#pragma omp simd
            for (long c = 0; c < channels; c++) {
                const float difference = x[row * channels + c] - average[c];
                squares[c] += difference * difference;
            }
    }
#pragma omp parallel for schedule(static)
    for (long c = 0; c < channels; c++) {
        double total = 0, squares = 0;
        for (long block = 0; block < blocks; block++)
            total += (double)sums[2 * block * channels + c] * smaller(BLOCK, rows - block * BLOCK);
        total /= rows;
        for (long block = 0; block < blocks; block++) {
            const double difference = sums[2 * block * channels + c] - total;
            squares +=
                sums[(2 * block + 1) * channels + c] + difference * difference * smaller(BLOCK, rows - block * BLOCK);
        }
        mean[c] = (float)total;
        inv_std[c] = 1.f / sqrtf((float)(squares / rows) + epsilon);
    }
    return 0;
}

// y = activation((x - mean) * gamma * inv_std + beta)
static int normalize(const float *x, const float *gamma, const float *beta, const float *mean, const float *inv_std,
                     NUMBER *y, long rows, long channels, Workspace *workspace)
{
    TAKE(float, scale, channels);
    for (long c = 0; c < channels; c++)
        scale[c] = gamma[c] * inv_std[c];
#pragma omp parallel for schedule(static)
    for (long block = 0; block < parts_of(rows, BLOCK); block++)
        for (long row = block * BLOCK; row < smaller((block + 1) * BLOCK, rows); row++)
#pragma omp simd
            for (long c = 0; c < channels; c++) {
                const long i = row * channels + c;
                y[i] = (NUMBER)ACTIVATION((x[i] - mean[c]) * scale[c] + beta[c]);
            }
    return 0;
}

static int batch_norm(const float *x, const float *gamma, const float *beta, NUMBER *y, float *mean, float *inv_std,
                      long rows, long channels, float epsilon, Workspace *workspace)
{
    const int failure = batch_statistics(x, mean, inv_std, rows, channels, epsilon, workspace);
    return failure ? failure : normalize(x, gamma, beta, mean, inv_std, y, rows, channels, workspace);
}

// Gradients of x, gamma and beta; that of x also through the mean and the variance.
static int batch_norm_gradient(const float *x, const float *gamma, const float *beta, const float *mean,
                               const float *inv_std, const float *dy, float *dx, float *dgamma, float *dbeta, long rows,
                               long channels, Workspace *workspace)
{
    const long blocks = parts_of(rows, BLOCK);
    TAKE(float, sums, 2 * blocks * channels);
    TAKE(float, scale, channels);
    TAKE(float, shift, channels);
    TAKE(float, slope, channels);
    for (long c = 0; c < channels; c++)
        scale[c] = gamma[c] * inv_std[c];
#pragma omp parallel for schedule(static)
    for (long block = 0; block < blocks; block++) {
        float *plain = sums + 2 * block * channels, *weighted = plain + channels;
        memset(plain, 0, sizeof(float) * 2 * channels);
        for (long row = block * BLOCK; row < smaller((block + 1) * BLOCK, rows); row++)
#pragma omp simd
            for (long c = 0; c < channels; c++) {
                const float centred = x[row * channels + c] - mean[c];
                const float gradient = PASSES(centred * scale[c] + beta[c]) ? dy[row * channels + c] : 0.f;
                plain[c] += gradient;
                weighted[c] += gradient * centred;
            }
    }
#pragma omp parallel for schedule(static)
    for (long c = 0; c < channels; c++) {
        double plain = 0, weighted = 0;
        for (long block = 0; block < blocks; block++) {
            plain += sums[2 * block * channels + c];
            weighted += sums[(2 * block + 1) * channels + c];
        }
        dbeta[c] = (float)plain;
        dgamma[c] = (float)(weighted * inv_std[c]);
        shift[c] = (float)(plain / rows);
        slope[c] = (float)(weighted * inv_std[c] * inv_std[c] / rows);
    }
#pragma omp parallel for schedule(static)
    for (long block = 0; block < blocks; block++)
        for (long row = block * BLOCK; row < smaller((block + 1) * BLOCK, rows); row++)
#pragma omp simd
            for (long c = 0; c < channels; c++) {
                const long i = row * channels + c;
                const float centred = x[i] - mean[c];
                const float gradient = PASSES(centred * scale[c] + beta[c]) ? dy[i] : 0.f;
                dx[i] = (gradient - shift[c] - centred * slope[c]) * scale[c];
            }
    return 0;
}
