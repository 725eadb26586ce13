// 2x2 max pooling, stride 2, of images (batch, rows, columns, channels); an odd last row or column is left out.
#include "support.h"

// NaN counts as larger than any number, so that it is not lost.
INLINE float larger_float(float a, float b) { return a > b || a != a ? a : b; }

static int max_pool(const float *x, float *y, long batch, long rows, long columns, long channels, Workspace *workspace)
{
    const long out_rows = rows / 2, out_columns = columns / 2;
    (void)workspace;
#pragma omp parallel for schedule(static)
    for (long row = 0; row < batch * out_rows; row++)
        for (long column = 0; column < out_columns; column++) {
            const long first = row / out_rows * rows + row % out_rows * 2;
            const float *above = x + (first * columns + 2 * column) * channels, *below = above + columns * channels;
            float *to = y + (row * out_columns + column) * channels;
#pragma omp simd
            for (long c = 0; c < channels; c++)
                to[c] = larger_float(larger_float(above[c], above[c + channels]),
                                     larger_float(below[c], below[c + channels]));
        }
    return 0;
}

// As in Theano's CPU pooling, each input that equals the maximum gets the whole gradient.
static int max_pool_gradient(const float *x, const float *y, const float *dy, float *dx, long batch, long rows,
                             long columns, long channels, Workspace *workspace)
{
    const long out_rows = rows / 2, out_columns = columns / 2;
    (void)workspace;
    if (rows % 2 || columns % 2)
        memset(dx, 0, sizeof(float) * batch * rows * columns * channels);
#pragma omp parallel for schedule(static)
    for (long row = 0; row < batch * out_rows; row++)
        for (long column = 0; column < out_columns; column++)
            for (long corner = 0; corner < 4; corner++) {
                const long first = row / out_rows * rows + row % out_rows * 2 + corner / 2;
                const long at = (first * columns + 2 * column + corner % 2) * channels;
                const long from = (row * out_columns + column) * channels;
#pragma omp simd
                for (long c = 0; c < channels; c++)
                    dx[at + c] = x[at + c] == y[from + c] ? dy[from + c] : 0.f;
            }
    return 0;
}
