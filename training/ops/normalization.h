// Batch norm over the rows of a matrix (rows x channels), with the quantised activation behind it.
// Sums are taken over blocks of rows, and those added up in order: the same result for any number of threads.

enum { BLOCK = 64 };

static inline long blocks_of(long rows) { return (rows + BLOCK - 1) / BLOCK; }

// The comparisons of training/quantization.py; BITS 0: no activation.
template <int BITS> static inline float activate(float x)
{
    if (BITS == 0)
        return x;
    const float total = x + 1.f;
    if (BITS == 1)
        return total >= 1.f ? 1.f : -1.f;
    return total >= 1.5f ? 1.f : total >= .5f ? 0.f : -1.f;
}

// mean and 1/sqrt(variance + epsilon) of each channel; `sums` has room for 2 * channels floats a block.
static void batch_statistics(const float *x, long rows, long channels, float epsilon, float *mean, float *inv_std,
                             float *sums)
{
#pragma omp parallel for schedule(static)
    for (long block = 0; block < blocks_of(rows); block++) {
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
        for (long block = 0; block < blocks_of(rows); block++)
            total += (double)sums[2 * block * channels + c] * smaller(BLOCK, rows - block * BLOCK);
        total /= rows;
        for (long block = 0; block < blocks_of(rows); block++) {
            const double difference = sums[2 * block * channels + c] - total;
            squares += sums[(2 * block + 1) * channels + c] +
                       difference * difference * smaller(BLOCK, rows - block * BLOCK);
        }
        mean[c] = (float)total;
        inv_std[c] = 1.f / sqrtf((float)(squares / rows) + epsilon);
    }
}

// y = activation((x - mean) * scale + beta), scale = gamma * inv_std
template <int BITS>
static void normalize(const float *x, long rows, long channels, const float *mean, const float *inv_std,
                      const float *gamma, const float *beta, float *y, float *scale)
{
    for (long c = 0; c < channels; c++)
        scale[c] = gamma[c] * inv_std[c];
#pragma omp parallel for schedule(static)
    for (long block = 0; block < blocks_of(rows); block++)
        for (long row = block * BLOCK; row < smaller((block + 1) * BLOCK, rows); row++)
#pragma omp simd
            for (long c = 0; c < channels; c++) {
                const long i = row * channels + c;
                y[i] = activate<BITS>((x[i] - mean[c]) * scale[c] + beta[c]);
            }
}

// The output's gradient where the hard tanh lets it through.
template <int BITS> static inline float passed(float gradient, float normalized)
{
    return BITS == 0 || fabsf(normalized) <= 1.f ? gradient : 0.f;
}

// Gradients of x, gamma and beta. `sums` has room for 2 * channels floats a block, `factors` for 3 * channels.
template <int BITS>
static void batch_norm_gradient(const float *dy, const float *x, long rows, long channels, const float *mean,
                                const float *inv_std, const float *gamma, const float *beta, float *dx, float *dgamma,
                                float *dbeta, float *sums, float *factors)
{
    float *scale = factors, *shift = factors + channels, *slope = factors + 2 * channels;
    for (long c = 0; c < channels; c++)
        scale[c] = gamma[c] * inv_std[c];
#pragma omp parallel for schedule(static)
    for (long block = 0; block < blocks_of(rows); block++) {
        float *plain = sums + 2 * block * channels, *weighted = plain + channels;
        memset(plain, 0, sizeof(float) * 2 * channels);
        for (long row = block * BLOCK; row < smaller((block + 1) * BLOCK, rows); row++)
#pragma omp simd
            for (long c = 0; c < channels; c++) {
                const float centred = x[row * channels + c] - mean[c];
                const float gradient = passed<BITS>(dy[row * channels + c], centred * scale[c] + beta[c]);
                plain[c] += gradient;
                weighted[c] += gradient * centred;
            }
    }
#pragma omp parallel for schedule(static)
    for (long c = 0; c < channels; c++) {
        double plain = 0, weighted = 0;
        for (long block = 0; block < blocks_of(rows); block++) {
            plain += sums[2 * block * channels + c];
            weighted += sums[(2 * block + 1) * channels + c];
        }
        dbeta[c] = (float)plain;
        dgamma[c] = (float)(weighted * inv_std[c]);
        shift[c] = (float)(plain / rows);
        slope[c] = (float)(weighted * inv_std[c] * inv_std[c] / rows);
    }
#pragma omp parallel for schedule(static)
    for (long block = 0; block < blocks_of(rows); block++)
        for (long row = block * BLOCK; row < smaller((block + 1) * BLOCK, rows); row++)
#pragma omp simd
            for (long c = 0; c < channels; c++) {
                const long i = row * channels + c;
                const float centred = x[i] - mean[c];
                const float gradient = passed<BITS>(dy[i], centred * scale[c] + beta[c]);
                dx[i] = (gradient - shift[c] - centred * slope[c]) * scale[c];
            }
}
