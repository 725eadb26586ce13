// 2x2 max pooling, stride 2, of images (batch, rows, columns, channels); an odd last row or column is left out.

struct Pooling {
    long batch, rows, columns, channels, out_rows, out_columns;
    explicit Pooling(const npy_intp *x)
        : batch(x[0]), rows(x[1]), columns(x[2]), channels(x[3]), out_rows(x[1] / 2), out_columns(x[2] / 2) {}
    long out_row(long number) const { return number * out_columns * channels; }     // over the whole batch
    long row(long number) const { return (number / out_rows * rows + number % out_rows * 2) * columns * channels; }
};

static inline float larger(float a, float b) { return a > b || a != a ? a : b; }

static void max_pool(const float *x, float *y, const Pooling &g)
{
#pragma omp parallel for schedule(static)
    for (long row = 0; row < g.batch * g.out_rows; row++)
        for (long column = 0; column < g.out_columns; column++) {
            const float *above = x + g.row(row) + 2 * column * g.channels, *below = above + g.columns * g.channels;
            float *to = y + g.out_row(row) + column * g.channels;
#pragma omp simd
            for (long c = 0; c < g.channels; c++)
                to[c] = larger(larger(above[c], above[c + g.channels]), larger(below[c], below[c + g.channels]));
        }
}

// As Theano's CPU pooling has it, each input that equals the maximum gets the whole gradient.
static void max_pool_gradient(const float *x, const float *y, const float *dy, float *dx, const Pooling &g)
{
    if (g.rows % 2 || g.columns % 2)
        memset(dx, 0, sizeof(float) * g.batch * g.rows * g.columns * g.channels);
#pragma omp parallel for schedule(static)
    for (long row = 0; row < g.batch * g.out_rows; row++)
        for (long column = 0; column < g.out_columns; column++)
            for (int corner = 0; corner < 4; corner++) {
                const long at = g.row(row) + ((corner / 2) * g.columns + 2 * column + corner % 2) * g.channels;
                const long from = g.out_row(row) + column * g.channels;
#pragma omp simd
                for (long c = 0; c < g.channels; c++)
                    dx[at + c] = x[at + c] == y[from + c] ? dy[from + c] : 0.f;
            }
}
