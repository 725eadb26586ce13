// Convolutions: 3x3 'valid' correlation y = x * W + b, and its gradients; see conv.py. Images are (batch, rows, columns,
// channels), weights (filters, channels, 3, 3). A pixel of y sees a patch of x: three runs of 3 * channels values; a tap
// is one of its 9 * channels values, in the order (row, column, channel).
#include "conv_sparse.h"
#include "counting.h"
#include "lookup.h"
#include "product.h"

// Where each pixel's patch starts in x, `channels` values a pixel.
static void find_patches(const Geometry *g, long channels, long *patches)
{
    for (long image = 0; image < g->batch; image++)
        for (long row = 0; row < g->out_rows; row++)
            for (long column = 0; column < g->out_columns; column++)
                *patches++ = ((image * g->rows + row) * g->columns + column) * channels;
}

// The same for a pooled y: the four pixels of a window follow each other. An odd last row or column is left out.
static void find_windows(const Geometry *g, long channels, long *patches)
{
    for (long image = 0; image < g->batch; image++)
        for (long row = 0; row + 1 < g->out_rows; row += 2)
            for (long column = 0; column + 1 < g->out_columns; column += 2)
                for (long corner = 0; corner < 4; corner++)
                    *patches++ = ((image * g->rows + row + corner / 2) * g->columns + column + corner % 2) * channels;
}

// Filters as rows of taps.
static void rows_of_taps(const int8_t *W, const Geometry *g, int8_t *rows)
{
#pragma omp parallel for schedule(static)
    for (long f = 0; f < g->filters; f++)
        transpose_bytes(W + f * g->taps, g->channels, 9, 9, rows + f * g->taps, g->channels);
}

// --- forward -------------------------------------------------------------------------------------------------------

// Forward for images of any values: patches are copied side by side and multiplied.
static int conv_real(const float *x, const int8_t *tap_rows, float magnitude, const float *b, float *y,
                     const Geometry *g, const long *patches, Workspace *workspace)
{
    enum { TOGETHER = 12 * TILE_ROWS };
    const long panels = parts_of(g->filters, PANEL), depth = g->taps;
    TAKE(float, packed, panels * PANEL * depth);
    TAKE(float, chunks, thread_count() * TOGETHER * depth);
#pragma omp parallel for schedule(static)
    for (long p = 0; p < panels; p++)
        for (long k = 0; k < depth; k++)
            for (long j = 0; j < PANEL; j++)
                packed[(p * depth + k) * PANEL + j] =
                    p * PANEL + j < g->filters ? magnitude * tap_rows[(p * PANEL + j) * depth + k] : 0;
#pragma omp parallel for schedule(static)
    for (long first = 0; first < g->pixels; first += TOGETHER) {
        const long count = smaller(TOGETHER, g->pixels - first);
        float *chunk = chunks + thread_number() * TOGETHER * depth;
        for (long i = 0; i < count; i++)
            for (long row = 0; row < 3; row++)
                memcpy(chunk + i * depth + row * g->run, x + patches[first + i] + row * g->columns * g->channels,
                       sizeof(float) * g->run);
        for (long p = 0; p < panels; p++)
            multiply(chunk, depth, 1, count, packed + p * depth * PANEL, PANEL, depth,
                     y + first * g->filters + p * PANEL, g->filters, smaller(PANEL, g->filters - p * PANEL), false);
        for (long i = first; b && i < first + count; i++)
            for (long f = 0; f < g->filters; f++)
                y[i * g->filters + f] += b[f];
    }
    return 0;
}

// Forward for quantised images: y, or its maxima in 2x2 windows and which pixels have them.
static int conv_bits(Digits x, Digits W, const int8_t *tap_rows, const float *b, float *y, int8_t *winners,
                     const Geometry *g, long *patches, Workspace *workspace)
{
    const long pixels = g->batch * g->rows * g->columns, words = words_of(g->channels),
               side = round_up(g->filters, LANES);
    TAKE(uint32_t, x_bits, 2 * pixels * words);
    TAKE(uint32_t, row_bits, 2 * g->filters * 9 * words);
    TAKE(uint32_t, W_bits, 2 * side * 9 * words);
    const Bits image = {x_bits, x_bits + pixels * words}, rows = {row_bits, row_bits + g->filters * 9 * words};
    const Bits weights = {W_bits, W_bits + side * 9 * words};
    TAKE(long, places, 9 * words);
    const Patch patch = patch_of(3, 3 * words, g->columns * words, places);
    const Destination to = {x.magnitude * W.magnitude, b, y, winners, g->filters};
    const long outputs = winners ? g->batch * (g->out_rows / 2) * (g->out_columns / 2) * 4 : g->pixels;
    if (winners)
        find_windows(g, words, patches);
    else
        find_patches(g, words, patches);
    pack_rows(x.digits, pixels, g->channels, image);
    pack_rows(tap_rows, g->filters * 9, g->channels, rows);
    lay_side_by_side(rows, g->filters, 9 * words, weights);
    count_products(image, weights, patch, patches, 0, outputs, g->taps, masks_for(x, W), &to);
    return 0;
}

// y = x * W + b; `real_y` and `winners` are for conv_pool, otherwise NULL.
static int conv_forward(Operand x, Operand W, const float *b, float *y, float *real_y, int8_t *winners,
                        const Geometry *g, bool *real, Workspace *workspace)
{
    const long values = g->batch * g->rows * g->columns * g->channels, weights = g->filters * g->taps;
    TAKE(long, patches, g->pixels);
    TAKE(int8_t, tap_rows, weights);
    TAKE(int8_t, x_room, x.real ? values : 1);
    TAKE(int8_t, W_room, weights);
    Digits x_digits, W_digits;
    if (!quantized(W, weights, W_room, &W_digits))
        return NOT_QUANTIZED;
    rows_of_taps(W_digits.digits, g, tap_rows);
    *real = !quantized(x, values, x_room, &x_digits);
    if (!*real)
        return conv_bits(x_digits, W_digits, tap_rows, b, y, winners, g, patches, workspace);
    if (x.digits)
        return NOT_QUANTIZED;
    find_patches(g, g->channels, patches);
    return conv_real(x.real, tap_rows, W_digits.magnitude, b, real_y ? real_y : y, g, patches, workspace);
}

static int conv(Operand x, Operand W, const float *b, float *y, long batch, long rows, long columns, long channels,
                long filters, Workspace *workspace)
{
    const Geometry g = geometry_of(batch, rows, columns, channels, filters);
    bool real;
    return conv_forward(x, W, b, y, NULL, NULL, &g, &real, workspace);
}

// y = the maxima of conv's y in 2x2 windows; bit 2 * row + column of `winners` says whether that pixel has it.
static int conv_pool(Operand x, Operand W, const float *b, float *y, int8_t *winners, long batch, long rows,
                     long columns, long channels, long filters, Workspace *workspace)
{
    const Geometry g = geometry_of(batch, rows, columns, channels, filters);
    const long out_rows = g.out_rows / 2, out_columns = g.out_columns / 2;
    TAKE(float, whole, x.real ? g.pixels * filters : 1);
    bool real;
    const int failure = conv_forward(x, W, b, y, whole, winners, &g, &real, workspace);
    for (long window = 0; !failure && real && window < batch * out_rows * out_columns; window++) {
        const long row = window / out_columns / out_rows * g.out_rows + window / out_columns % out_rows * 2;
        const float *first = whole + (row * g.out_columns + window % out_columns * 2) * filters;
        for (long f = 0; f < filters; f++) {
            const float corners[4] = {first[f], first[filters + f], first[g.out_columns * filters + f],
                                      first[(g.out_columns + 1) * filters + f]};
            float most = corners[0];
            int8_t winner = 0;
            for (int i = 1; i < 4; i++)
                most = corners[i] > most || corners[i] != corners[i] ? corners[i] : most;
            for (int i = 0; i < 4; i++)
                winner |= (int8_t)((corners[i] == most) << i);
            y[window * filters + f] = most;
            winners[window * filters + f] = winner;
        }
    }
    return failure;
}

// --- gradients -----------------------------------------------------------------------------------------------------

// Filters [first, first + width) of a pixel's gradient.
INLINE void copy_pixel(Gradient gradient, const Geometry *g, long pixel, long first, long width, float *to)
{
    if (!gradient.winners) {
        memcpy(to, gradient.dy + pixel * g->filters + first, sizeof(float) * width);
        return;
    }
    const long image = pixel / g->out_columns / g->out_rows, row = pixel / g->out_columns % g->out_rows;
    const long column = pixel % g->out_columns, out_rows = g->out_rows / 2, out_columns = g->out_columns / 2;
    if (row / 2 >= out_rows || column / 2 >= out_columns) {
        memset(to, 0, sizeof(float) * width);
        return;
    }
    const long window = (image * out_rows + row / 2) * out_columns + column / 2;
    const int corner = 1 << (row % 2 * 2 + column % 2);
    const float *dy = gradient.dy + window * g->filters + first;
    const int8_t *winners = gradient.winners + window * g->filters + first;
    for (long f = 0; f < width; f++)
        to[f] = winners[f] & corner ? dy[f] : 0.f;
}

// --- gradient of the images ----------------------------------------------------------------------------------------

// How many images to take together: the fewest whose pixels fill at least 95 % of whole groups of SIDE.
static long images_together(long pixels)
{
    long images = 1;
    while (20 * pixels * images < 19 * round_up(pixels * images, SIDE))
        images++;
    return images;
}

INLINE void add_floats(const float *from, long count, float *to)
{
    long i = 0;
    for (; i + LANES <= count; i += LANES)
        store(to + i, load(to + i) + load(from + i));
    for (; i < count; i++)
        to[i] += from[i];
}

// For pixels [begin, end), which are whole images, SIDE at a time: adds the taps of each to its three runs of dx.
static void images_gradient(Gradient gradient, long begin, long end, float *dx, const Geometry *g, const long *patches,
                            const uint16_t *index, const Digits *W, float *rows, float *numbers, float *sums,
                            float *tables)
{
    for (long first = begin; first < end; first += SIDE) {
        const long count = smaller(SIDE, end - first);
        const float *dy = gradient.dy + first * g->filters;
        if (gradient.winners) {
            for (long i = 0; i < count; i++)
                copy_pixel(gradient, g, first + i, 0, g->filters, rows + i * g->filters);
            dy = rows;
        }
        look_up_block(dy, count, g->filters, index, g->taps, W, sums, g->taps, numbers, tables);
        transpose_matrix(sums, g->taps, count, SIDE, rows, g->taps);
        for (long i = 0; i < count; i++)
            for (long row = 0; row < 3; row++)
                add_floats(rows + i * g->taps + row * g->run, g->run,
                           dx + patches[first + i] + row * g->columns * g->channels);
    }
}

static int input_gradient(Gradient gradient, Operand W, float *dx, const Geometry *geometry, Workspace *workspace)
{
    const Geometry g = *geometry;
    const long threads = thread_count(), filters = g.filters, pixels = g.out_rows * g.out_columns;
    TAKE(int8_t, room, filters * g.taps);
    Digits digits;
    if (!quantized(W, filters * g.taps, room, &digits))
        return NOT_QUANTIZED;
    TAKE(int8_t, tap_rows, filters * g.taps);
    rows_of_taps(digits.digits, &g, tap_rows);
    if (is_sparse(gradient, &g))
        return sparse_input_gradient(gradient, tap_rows, digits.ternary, digits.magnitude, dx, &g, workspace);
    const long together = images_together(pixels), image_size = g.rows * g.columns * g.channels;
    const long most = SIDE * larger(filters, g.taps);
    TAKE(int8_t, ones, g.taps);
    TAKE(uint16_t, index, parts_of(filters, rows_of_group(digits.ternary)) * g.taps);
    TAKE(long, patches, g.pixels);
    TAKE(float, rows, threads * most);
    TAKE(float, numbers, threads * filters * SIDE);
    TAKE(float, sums, threads * g.taps * SIDE);
    TAKE(float, tables, threads * table_floats());
    memset(ones, 1, g.taps);
    pack_all_indices(tap_rows, filters, g.taps, digits.ternary, ones, index);
    find_patches(&g, g.channels, patches);
#pragma omp parallel for schedule(static)
    for (long image = 0; image < g.batch; image += together) {
        const long t = thread_number(), images = smaller(together, g.batch - image);
        memset(dx + image * image_size, 0, sizeof(float) * images * image_size);
        images_gradient(gradient, image * pixels, (image + images) * pixels, dx, &g, patches, index, &digits,
                        rows + t * most, numbers + t * filters * SIDE, sums + t * g.taps * SIDE,
                        tables + t * table_floats());
    }
    return 0;
}

static int conv_input_gradient(const float *dy, Operand W, float *dx, long batch, long out_rows, long out_columns,
                               long filters, long channels, Workspace *workspace)
{
    const Geometry g = geometry_of(batch, out_rows + 2, out_columns + 2, channels, filters);
    const Gradient gradient = {dy, NULL};
    return input_gradient(gradient, W, dx, &g, workspace);
}

static int conv_pool_input_gradient(const float *dy, const int8_t *winners, Operand W, Operand x, float *dx, long batch,
                                    long out_rows, long out_columns, long filters, long channels, long rows,
                                    long columns, Workspace *workspace)
{
    const Geometry g = geometry_of(batch, rows, columns, channels, filters);
    const Gradient gradient = {dy, winners};
    (void)x, (void)out_rows, (void)out_columns;
    return input_gradient(gradient, W, dx, &g, workspace);
}

// --- gradient of the weights ---------------------------------------------------------------------------------------

enum { REAL_TOGETHER = 128 }; // pixels whose patches are copied and multiplied at a time

// sums[block of SIDE filters][tap][filter % SIDE] for taps [begin, end) and blocks [first, last), over all pixels; and the
// sums of dy itself, if totals is not NULL.
static void tap_sums(const Digits *x, Gradient gradient, const Geometry *g, const long *patches, const int8_t *ones,
                     long first, long last, long begin, long end, uint16_t *index, float *numbers, float *tables,
                     float *sums, double *totals)
{
    enum { TOGETHER = 8 * GROUPS }; // groups whose indices are packed at once, for all blocks
    const long each = rows_of_group(x->ternary), count = end - begin;
    for (long start = 0; start < g->pixels; start += TOGETHER * each) {
        const long pixels = smaller(TOGETHER * each, g->pixels - start);
        for (long group = 0; group < parts_of(pixels, each); group++)
            for (long row = 0; row < 3; row++) {
                const long from = larger(begin, row * g->run), to = smaller(end, (row + 1) * g->run);
                const long skip = row * g->columns * g->channels + from - row * g->run;
                const int8_t *rows[MOST_ROWS];
                for (long k = 0; k < each; k++) {
                    const long pixel = group * each + k;
                    rows[k] = pixel < pixels ? x->digits + patches[start + pixel] + skip : ones;
                }
                if (x->ternary)
                    pack_indices(rows, to - from, true, index + group * count + from - begin);
                else
                    pack_indices(rows, to - from, false, index + group * count + from - begin);
            }
        for (long block = first; block < last; block++) {
            const long width = smaller(SIDE, g->filters - block * SIDE);
            const float *rows = gradient.dy + start * g->filters + block * SIDE;
            long row = g->filters;
            if (width < SIDE || gradient.winners) {
                memset(numbers, 0, sizeof(float) * pixels * SIDE);
                for (long p = 0; p < pixels; p++)
                    copy_pixel(gradient, g, start + p, block * SIDE, width, numbers + p * SIDE);
                rows = numbers;
                row = SIDE;
            }
            look_up_rows(rows, row, pixels, index, count, x->ternary, sums + (block * g->taps + begin) * SIDE, count,
                         start > 0, tables);
            if (totals) {
                floats total[VECTORS];
                float values[SIDE];
                for (int v = 0; v < VECTORS; v++)
                    total[v] = floats_of(0);
                for (long p = 0; p < pixels; p++)
                    for (int v = 0; v < VECTORS; v++)
                        total[v] += load(rows + p * row + v * LANES);
                memcpy(values, total, sizeof values);
                for (long f = 0; f < width; f++)
                    totals[block * SIDE + f] += values[f];
            }
        }
    }
}

// For images of any values: products with the taps of pixels [first, last), sums[tap][filter]; totals as above.
static void tap_sums_real(const float *x, Gradient gradient, const Geometry *g, const long *patches, long first,
                          long last, float *chunk, float *panel, float *sums, float *totals)
{
    memset(totals, 0, sizeof(float) * g->filters);
    for (long start = first; start < last; start += REAL_TOGETHER) {
        const long pixels = smaller(REAL_TOGETHER, last - start);
        for (long p = 0; p < pixels; p++)
            for (long row = 0; row < 3; row++)
                memcpy(chunk + p * g->taps + row * g->run, x + patches[start + p] + row * g->columns * g->channels,
                       sizeof(float) * g->run);
        for (long f = 0; f < g->filters; f += PANEL) {
            const long width = smaller(PANEL, g->filters - f);
            const bool direct = !gradient.winners && width == PANEL;
            const float *dy = direct ? gradient.dy + start * g->filters + f : panel;
            const long row = direct ? g->filters : PANEL;
            if (!direct) {
                memset(panel, 0, sizeof(float) * pixels * PANEL);
                for (long p = 0; p < pixels; p++)
                    copy_pixel(gradient, g, start + p, f, width, panel + p * PANEL);
            }
            multiply(chunk, 1, g->taps, g->taps, dy, row, pixels, sums + f, g->filters, width, start > first);
            float total[PANEL] = {0};
            for (long p = 0; p < pixels; p++)
                for (long j = 0; j < PANEL; j++)
                    total[j] += dy[p * row + j];
            for (long j = 0; j < width; j++)
                totals[f + j] += total[j];
        }
    }
}

static int weight_gradient(Operand x, Gradient gradient, float *dW, float *db, const Geometry *geometry,
                           Workspace *workspace)
{
    enum { MOST_TOGETHER = 8 * GROUPS * MOST_ROWS, REAL_PARTS = 16 };
    const Geometry g = *geometry;
    const long filters = g.filters, channels = g.channels, values = g.batch * g.rows * g.columns * channels;
    const long threads = thread_count(), blocks = parts_of(filters, SIDE);
    TAKE(int8_t, room, x.real ? values : 1);
    TAKE(float, sums, blocks * SIDE * g.taps);
    TAKE(double, totals, blocks * SIDE);
    Digits digits;
    memset(totals, 0, sizeof(double) * blocks * SIDE);
    const bool fits = quantized(x, values, room, &digits);
    if (!fits && x.digits)
        return NOT_QUANTIZED;
    const bool sparse = fits && is_sparse(gradient, &g);
    if (sparse) {
        const int failure = sparse_tap_sums(&digits, gradient, &g, sums, totals, workspace);
        if (failure)
            return failure;
    } else if (fits) {
        // Each thread has its own blocks of filters; with fewer blocks than threads, the taps are divided too.
        const long filter_parts = smaller(threads, blocks), tap_parts = threads / filter_parts;
        TAKE(long, patches, g.pixels);
        TAKE(int8_t, ones, g.taps);
        TAKE(uint16_t, index, threads * 8 * GROUPS * g.taps);
        TAKE(float, numbers, threads * MOST_TOGETHER * SIDE);
        TAKE(float, tables, threads * table_floats());
        find_patches(&g, channels, patches);
        memset(ones, 1, g.taps);
#pragma omp parallel for schedule(static, 1)
        for (long task = 0; task < filter_parts * tap_parts; task++) {
            const long part = task / tap_parts, tap_part = task % tap_parts, t = thread_number();
            tap_sums(&digits, gradient, &g, patches, ones, blocks * part / filter_parts,
                     blocks * (part + 1) / filter_parts, g.taps * tap_part / tap_parts,
                     g.taps * (tap_part + 1) / tap_parts, index + t * 8 * GROUPS * g.taps,
                     numbers + t * MOST_TOGETHER * SIDE, tables + t * table_floats(), sums, tap_part ? NULL : totals);
        }
    } else {
        // The pixels in parts, whose sums are added up in order: the same for any number of threads.
        const long parts = smaller(REAL_PARTS, parts_of(g.pixels, REAL_TOGETHER)), size = filters * g.taps;
        TAKE(long, patches, g.pixels);
        TAKE(float, chunks, threads * REAL_TOGETHER * g.taps);
        TAKE(float, panels, threads * REAL_TOGETHER * PANEL);
        TAKE(float, part_sums, parts * size);
        TAKE(float, part_totals, parts * filters);
        find_patches(&g, channels, patches);
#pragma omp parallel for schedule(static)
        for (long part = 0; part < parts; part++)
            tap_sums_real(x.real, gradient, &g, patches, g.pixels * part / parts, g.pixels * (part + 1) / parts,
                          chunks + thread_number() * REAL_TOGETHER * g.taps,
                          panels + thread_number() * REAL_TOGETHER * PANEL, part_sums + part * size,
                          part_totals + part * filters);
        memset(sums, 0, sizeof(float) * size);
        for (long part = 0; part < parts; part++) {
            for (long i = 0; i < size; i++)
                sums[i] += part_sums[part * size + i];
            for (long f = 0; f < filters; f++)
                totals[f] += part_totals[part * filters + f];
        }
    }
    TAKE(float, all_rows, sparse ? 1 : threads * SIDE * g.taps);
#pragma omp parallel for schedule(static)
    for (long block = 0; block < blocks; block++) {
        const long first = block * SIDE, width = smaller(SIDE, filters - first);
        float *rows = sparse ? sums + first * g.taps : all_rows + thread_number() * SIDE * g.taps;
        if (!sparse)
            transpose_matrix(sums + (fits ? first * g.taps : first), g.taps, width, fits ? SIDE : filters, rows,
                             g.taps);
        if (fits)
            scale_floats(rows, width * g.taps, digits.magnitude);
        for (long f = 0; f < width; f++) {
            transpose_matrix(rows + f * g.taps, 9, channels, channels, dW + (first + f) * g.taps, 9);
            db[first + f] = (float)totals[first + f];
        }
    }
    return 0;
}

static int conv_weight_gradient(Operand x, const float *dy, float *dW, float *db, long batch, long rows, long columns,
                                long channels, long filters, Workspace *workspace)
{
    const Geometry g = geometry_of(batch, rows, columns, channels, filters);
    const Gradient gradient = {dy, NULL};
    return weight_gradient(x, gradient, dW, db, &g, workspace);
}

static int conv_pool_weight_gradient(Operand x, const float *dy, const int8_t *winners, float *dW, float *db,
                                     long batch, long rows, long columns, long channels, long filters,
                                     Workspace *workspace)
{
    const Geometry g = geometry_of(batch, rows, columns, channels, filters);
    const Gradient gradient = {dy, winners};
    return weight_gradient(x, gradient, dW, db, &g, workspace);
}
