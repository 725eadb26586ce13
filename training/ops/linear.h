// Matrix products of dense and convolutional layers: forward, and the gradients of both operands.
// Images are (batch, rows, columns, channels); a patch of a 3x3 convolution is three runs of 3*channels floats.
// Every sum is taken in an order of its own, so results depend neither on the number of threads nor on who is first.

enum {
    ROWS = LANES == 16 ? 8 : 4,     // a tile of products, ROWS x 3 vectors, stays in registers
    PANEL = 3 * LANES,              // columns of the right operand that are packed together
    CHUNK = 112,                    // output pixels of a convolution that are multiplied together
    DEPTH = 128                     // products summed in a register before they are added to memory
};

// c (ROWS x VECTORS*LANES) = a . b, or c += a . b.
template <int COUNT, int VECTORS>
static inline void multiply_tile(const float *a, long a_row, long a_step, const float *b, long depth,
                                 float *c, long c_row, long width, bool add)
{
    floats sums[COUNT][VECTORS];
#pragma GCC unroll 8
    for (int i = 0; i < COUNT; i++)
#pragma GCC unroll 3
        for (int v = 0; v < VECTORS; v++)
            sums[i][v] = floats{};
    for (long k = 0; k < depth; k++, a += a_step, b += PANEL) {
        floats right[VECTORS];
#pragma GCC unroll 3
        for (int v = 0; v < VECTORS; v++)
            right[v] = load(b + v * LANES);
#pragma GCC unroll 8
        for (int i = 0; i < COUNT; i++) {
            const float left = a[i * a_row];
#pragma GCC unroll 3
            for (int v = 0; v < VECTORS; v++)
                sums[i][v] += left * right[v];
        }
    }
    const bool whole = width >= VECTORS * LANES;
#pragma GCC unroll 8
    for (int i = 0; i < COUNT; i++) {
        float *row = c + i * c_row;
        if (whole) {
#pragma GCC unroll 3
            for (int v = 0; v < VECTORS; v++)
                store(row + v * LANES, add ? load(row + v * LANES) + sums[i][v] : sums[i][v]);
        } else {
            float edge[VECTORS * LANES];
#pragma GCC unroll 3
            for (int v = 0; v < VECTORS; v++)
                store(edge + v * LANES, sums[i][v]);
            for (long j = 0; j < width; j++)
                row[j] = add ? row[j] + edge[j] : edge[j];
        }
    }
}

template <int VECTORS>
static void multiply_vectors(const float *a, long a_row, long a_step, long rows, const float *b, long depth,
                             float *c, long c_row, long width, bool add)
{
    long i = 0;
    for (; i + ROWS <= rows; i += ROWS)
        multiply_tile<ROWS, VECTORS>(a + i * a_row, a_row, a_step, b, depth, c + i * c_row, c_row, width, add);
    for (; i < rows; i++)
        multiply_tile<1, VECTORS>(a + i * a_row, a_row, a_step, b, depth, c + i * c_row, c_row, width, add);
}

// c (rows x width) = a (rows x depth) . one panel of packed columns (depth x PANEL).
static void multiply(const float *a, long a_row, long a_step, long rows, const float *b, long depth,
                     float *c, long c_row, long width, bool add)
{
    if (width > 2 * LANES)
        multiply_vectors<3>(a, a_row, a_step, rows, b, depth, c, c_row, width, add);
    else if (width > LANES)
        multiply_vectors<2>(a, a_row, a_step, rows, b, depth, c, c_row, width, add);
    else
        multiply_vectors<1>(a, a_row, a_step, rows, b, depth, c, c_row, width, add);
}

static inline long panels_of(long columns) { return (columns + PANEL - 1) / PANEL; }

static inline void copy_floats(float *to, const float *from, long count)
{
    long j = 0;
    for (; j + LANES <= count; j += LANES)
        store(to + j, load(from + j));
    for (; j < count; j++)
        to[j] = from[j];
}

// Columns [first, first + width) of a row-major matrix, packed as one panel; the rest of the panel is zero.
static void pack_columns(const float *matrix, long row, long depth, long first, long width, float *panel)
{
    for (long k = 0; k < depth; k++, panel += PANEL) {
        copy_floats(panel, matrix + k * row + first, width);
        for (long j = width; j < PANEL; j++)
            panel[j] = 0;
    }
}

// --- dense layers --------------------------------------------------------------------------------------------------

// out (batch x units) = x (batch x inputs) . W (inputs x units) + bias, for operands of any values.
static void dense_any(const float *x, const float *W, const float *bias, float *out, long batch, long inputs,
                      long units, float *panels)
{
#pragma omp parallel for schedule(static)
    for (long p = 0; p < panels_of(units); p++) {
        float *panel = panels + thread_number() * PANEL * inputs;
        const long first = p * PANEL, width = smaller(PANEL, units - first);
        pack_columns(W, units, inputs, first, width, panel);
        multiply(x, inputs, 1, batch, panel, inputs, out + first, units, width, false);
        for (long n = 0; bias && n < batch; n++)
            for (long j = first; j < first + width; j++)
                out[n * units + j] += bias[j];
    }
}

// dx (batch x inputs) = dy (batch x units) . W transposed: computed as its own transpose, so that W is read once, in
// order.
static void dense_input_gradient(const float *dy, const float *W, float *dx, long batch, long inputs, long units,
                                 float *packed, float *blocks)
{
    enum { BLOCK = 32 };
    const long count = panels_of(batch), padded = count * PANEL;
#pragma omp parallel
    {
#pragma omp for schedule(static) collapse(2)
        for (long p = 0; p < count; p++)
            for (long j = 0; j < PANEL; j++) {
                const long n = p * PANEL + j;
                float *to = packed + p * PANEL * units + j;
                for (long k = 0; k < units; k++)
                    to[k * PANEL] = n < batch ? dy[n * units + k] : 0;
            }
        float *block = blocks + thread_number() * BLOCK * padded;
#pragma omp for schedule(static)
        for (long first = 0; first < inputs; first += BLOCK) {
            const long rows = smaller(BLOCK, inputs - first);
            for (long i = 0; i < rows; i += ROWS)
                for (long p = 0; p < count; p++)
                    multiply(W + (first + i) * units, units, 1, smaller(ROWS, rows - i), packed + p * PANEL * units,
                             units, block + i * padded + p * PANEL, padded, smaller(PANEL, batch - p * PANEL), false);
            for (long n = 0; n < batch; n++)
                for (long i = 0; i < rows; i++)
                    dx[n * inputs + first + i] = block[i * padded + n];
        }
    }
}

// dW (inputs x units) = x transposed . dy; db (units) = sum of dy over the batch.
static void dense_weight_gradient(const float *x, const float *dy, float *dW, float *db, long batch, long inputs,
                                  long units, float *packed, float *lefts)
{
    const long count = panels_of(units);
#pragma omp parallel
    {
#pragma omp for schedule(static)
        for (long p = 0; p < count; p++) {
            const long first = p * PANEL, width = smaller(PANEL, units - first);
            pack_columns(dy, units, batch, first, width, packed + p * PANEL * batch);
            for (long j = first; j < first + width; j++) {
                double sum = 0;
                for (long n = 0; n < batch; n++)
                    sum += dy[n * units + j];
                db[j] = (float)sum;
            }
        }
        float *left = lefts + thread_number() * ROWS * batch;
#pragma omp for schedule(static)
        for (long first = 0; first < inputs; first += ROWS) {
            const long rows = smaller(ROWS, inputs - first);
            for (long n = 0; n < batch; n++)
                copy_floats(left + n * ROWS, x + n * inputs + first, rows);
            for (long k = 0; k < batch; k += DEPTH)
                for (long p = 0; p < count; p++)
                    multiply(left + k * ROWS, 1, ROWS, rows, packed + (p * batch + k) * PANEL,
                             smaller(DEPTH, batch - k), dW + first * units + p * PANEL, units,
                             smaller(PANEL, units - p * PANEL), k > 0);
        }
    }
}

// --- convolutions --------------------------------------------------------------------------------------------------

struct Geometry {
    long batch, rows, columns, channels, filters, out_rows, out_columns;
    Geometry(const npy_intp *x, long filters)
        : batch(x[0]), rows(x[1]), columns(x[2]), channels(x[3]), filters(filters), out_rows(x[1] - 2),
          out_columns(x[2] - 2) {}
    long pixels() const { return out_rows * out_columns; }      // of an image's outputs
    long fan_in() const { return 9 * channels; }
    long run() const { return 3 * channels; }
    long total() const { return batch * pixels(); }
    // Where the patch of each output pixel starts; pixels are counted over the whole batch.
    void find_patches(long *patches) const
    {
        for (long image = 0; image < batch; image++)
            for (long row = 0; row < out_rows; row++)
                for (long column = 0; column < out_columns; column++)
                    *patches++ = ((image * rows + row) * columns + column) * channels;
    }
};

// A stretch of a patch's columns [first, first + width) that is contiguous in the image.
struct Segment {
    long column, offset, length;
};

static int segments_of(const Geometry &g, long first, long width, Segment *segments)
{
    int count = 0;
    for (long column = first; column < first + width; count++) {
        const long row = column / g.run(), end = smaller((row + 1) * g.run(), first + width);
        const Segment segment = {column - first, row * g.columns * g.channels + column % g.run(), end - column};
        segments[count] = segment;
        column = end;
    }
    return count;
}

// W (filters, channels, 3, 3) as panels over columns (row, column, channel), depth filters.
static void pack_filters(const float *W, const Geometry &g, float *packed)
{
#pragma omp parallel for schedule(static)
    for (long p = 0; p < panels_of(g.fan_in()); p++) {
        long from[PANEL];
        for (long j = 0; j < PANEL; j++) {
            const long column = p * PANEL + j;
            from[j] = column < g.fan_in() ? column % g.channels * 9 + column / g.channels : -1;
        }
        for (long f = 0; f < g.filters; f++) {
            float *to = packed + (p * g.filters + f) * PANEL;
            for (long j = 0; j < PANEL; j++)
                to[j] = from[j] < 0 ? 0 : W[f * g.fan_in() + from[j]];
        }
    }
}

// out (pixels x filters) = patches of x . W + bias, for operands of any values.
static void conv_any(const float *x, const float *W, const float *bias, float *out, const Geometry &g,
                     const long *patches, float *packed, float *chunks)
{
    const long count = panels_of(g.filters), depth = g.fan_in(), total = g.total();
#pragma omp parallel
    {
#pragma omp for schedule(static)
        for (long p = 0; p < count; p++)
            for (long k = 0; k < depth; k++)
                for (long j = 0; j < PANEL; j++) {
                    const long f = p * PANEL + j;
                    packed[(p * depth + k) * PANEL + j] =
                        f < g.filters ? W[f * depth + k % g.channels * 9 + k / g.channels] : 0;
                }
        float *chunk = chunks + thread_number() * CHUNK * depth;
#pragma omp for schedule(static)
        for (long first = 0; first < total; first += CHUNK) {
            const long rows = smaller(CHUNK, total - first);
            for (long i = 0; i < rows; i++)
                for (long row = 0; row < 3; row++)
                    copy_floats(chunk + i * depth + row * g.run(),
                                x + patches[first + i] + row * g.columns * g.channels, g.run());
            for (long p = 0; p < count; p++)
                multiply(chunk, depth, 1, rows, packed + p * depth * PANEL, depth,
                         out + first * g.filters + p * PANEL, g.filters, smaller(PANEL, g.filters - p * PANEL), false);
            for (long i = first; bias && i < first + rows; i++)
                for (long f = 0; f < g.filters; f++)
                    out[i * g.filters + f] += bias[f];
        }
    }
}

// How many images a thread takes at once for the input gradient: small images share their use of the packed weights.
static long images_at_once(const Geometry &g)
{
    const long threads = thread_count(), each = (g.batch + threads - 1) / threads;
    const long most = smaller(each, g.pixels() < CHUNK ? CHUNK / g.pixels() : 1), rounds = (each + most - 1) / most;
    return (each + rounds - 1) / rounds;
}

static inline void add_floats(float *to, const float *from, long count)
{
    long j = 0;
    for (; j + LANES <= count; j += LANES)
        store(to + j, load(to + j) + load(from + j));
    for (; j < count; j++)
        to[j] += from[j];
}

// dx = gradient of the input for dy (batch, out_rows, out_columns, filters): products of dy and the weights, a panel of
// columns for a chunk of pixels at a time, added to where their patches lie.
static void conv_input_gradient(const float *dy, const float *W, float *dx, const Geometry &g, const long *patches,
                                float *packed, float *products)
{
    const long at_once = images_at_once(g), image = g.rows * g.columns * g.channels;
    const long chunk = g.pixels() < CHUNK ? at_once * g.pixels() : CHUNK;
    pack_filters(W, g, packed);
#pragma omp parallel for schedule(static)
    for (long first = 0; first < g.batch; first += at_once) {
        const long images = smaller(at_once, g.batch - first), end = (first + images) * g.pixels();
        float *product = products + thread_number() * CHUNK * PANEL;
        memset(dx + first * image, 0, sizeof(float) * images * image);
        for (long pixel = first * g.pixels(); pixel < end; pixel += chunk)
            for (long p = 0; p < panels_of(g.fan_in()); p++) {
                Segment segments[PANEL];
                const long width = smaller(PANEL, g.fan_in() - p * PANEL), pixels = smaller(chunk, end - pixel);
                const int count = segments_of(g, p * PANEL, width, segments);
                multiply(dy + pixel * g.filters, g.filters, 1, pixels, packed + p * PANEL * g.filters, g.filters,
                         product, PANEL, width, false);
                for (long i = 0; i < pixels; i++)
                    for (int s = 0; s < count; s++)
                        add_floats(dx + patches[pixel + i] + segments[s].offset,
                                   product + i * PANEL + segments[s].column, segments[s].length);
            }
    }
}

// Rows of dy as narrow matrices, ROWS columns each, and the sums of all columns.
static void pack_lefts(const float *dy, long columns, long depth, float *lefts, double *sums)
{
    for (long first = 0; first < columns; first += ROWS, lefts += DEPTH * ROWS) {
        const long width = smaller(ROWS, columns - first);
        float block[ROWS] = {0};
        for (long k = 0; k < depth; k++) {
            float values[ROWS] = {0};
            if (width == ROWS)
                memcpy(values, dy + k * columns + first, sizeof values);
            else
                memcpy(values, dy + k * columns + first, sizeof(float) * width);
            memcpy(lefts + k * ROWS, values, sizeof values);
            for (int i = 0; i < ROWS; i++)
                block[i] += values[i];
        }
        for (long i = 0; i < width; i++)
            sums[first + i] += block[i];
    }
}

// dW (filters, channels, 3, 3) and db (filters) for x and dy. Each thread has panels of its own, and adds up products
// of one block of pixels after the other, while the block is in the cache.
static void conv_weight_gradient(const float *x, const float *dy, float *dW, float *db, const Geometry &g,
                                 const long *patches, float *products, float *panels, float *all_lefts,
                                 double *all_sums)
{
    const long count = panels_of(g.fan_in()), total = g.total(), padded = round_up(g.filters, ROWS);
    const long split = count < 8 ? round_up((g.filters + 3) / 4, ROWS) : g.filters;     // few panels: split the filters
    const long parts = (g.filters + split - 1) / split, tasks = count * parts;
#pragma omp parallel
    {
        const long threads = team_size(), number = thread_number();
        float *panel = panels + number * DEPTH * PANEL, *lefts = all_lefts + number * DEPTH * padded;
        double *sums = all_sums + number * g.filters;
        for (long f = 0; f < g.filters; f++)
            sums[f] = 0;
        for (long first = 0; first < total; first += DEPTH) {
            const long depth = smaller(DEPTH, total - first);
            pack_lefts(dy + first * g.filters, g.filters, depth, lefts, sums);
            for (long task = tasks * number / threads; task < tasks * (number + 1) / threads; task++) {
                Segment segments[PANEL];
                const long p = task / parts, width = smaller(PANEL, g.fan_in() - p * PANEL);
                const int runs = segments_of(g, p * PANEL, width, segments);
                for (long i = 0; i < depth; i++) {
                    const float *patch = x + patches[first + i];
                    for (int s = 0; s < runs; s++)
                        copy_floats(panel + i * PANEL + segments[s].column, patch + segments[s].offset,
                                    segments[s].length);
                    for (long j = width; j < PANEL; j++)
                        panel[i * PANEL + j] = 0;
                }
                for (long f = task % parts * split; f < smaller(task % parts * split + split, g.filters); f += ROWS)
                    multiply(lefts + f * DEPTH, 1, ROWS, smaller(ROWS, g.filters - f), panel, depth,
                             products + f * g.fan_in() + p * PANEL, g.fan_in(), width, first > 0);
            }
        }
#pragma omp barrier
#pragma omp for schedule(static)
        for (long f = 0; f < g.filters; f++) {
            const float *from = products + f * g.fan_in();
            float *to = dW + f * g.fan_in();
            for (long c = 0; c < g.channels; c++)
                for (long t = 0; t < 9; t++)
                    to[c * 9 + t] = from[t * g.channels + c];
            db[f] = (float)all_sums[f];
        }
    }
}
