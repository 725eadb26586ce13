/* Compares board/kernel.c with loops over plain digits: small networks of unusual shapes, numbers of images that leave a
   group incomplete, threads that share a network, allocations that fail. test_sanitizers.py compiles it for each
   instruction set, under the sanitizers. Prints the instruction set and a checksum of all outputs; status 1 if one differs.

       kernels THREADS [race]

   Only with one thread are the outputs compared with the loops; with more, the checksum must be the same. With `race`, the
   threads increment a shared counter: if ThreadSanitizer misses this data race, it would miss others too.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Thread_local long failing = 0, allocations = 0; /* the allocation of this thread that fails, from 1; 0: none */

static void *counted_malloc(size_t bytes) { return ++allocations == failing ? NULL : malloc(bytes); }
#define malloc counted_malloc

#ifdef COUNT_BY_HAND /* tests the AVX-512 path on a processor that lacks only this instruction */
#include <immintrin.h>
static inline __m512i count_by_hand(__m512i value)
{
    uint64_t words[8];
    memcpy(words, &value, sizeof words);
    for (int i = 0; i < 8; i++)
        words[i] = (uint64_t)__builtin_popcountll(words[i]);
    memcpy(&value, words, sizeof words);
    return value;
}
#define __AVX512VPOPCNTDQ__ 1
#define _mm512_popcnt_epi64 count_by_hand
#endif
#include "kernel.c"
#undef malloc

enum { MOST_LAYERS = 4, MOST_THREADS = 64 };

/* The shape of a layer. Convolutions: `in_dim`, and `inputs` is the channels. Dense layers: 0, and the inputs. */
struct shape {
    int in_dim, inputs, rows, weight_planes, steps;
    bool pool;
};

struct plain {
    struct shape shape;
    int columns;
    int8_t *weights;     /* [rows][columns] */
    int64_t *thresholds; /* [rows][steps] */
};

static uint32_t state = 1;

static int draw(int count)
{
    state = state * UINT32_C(1664525) + UINT32_C(1013904223);
    return (int)((state >> 8) % (uint32_t)count);
}

static int wrong = 0;
static uint32_t checksum = 0;
static bool race = false;

static void check(const char *what, bool right, long where)
{
    if (!right && wrong++ < 10)
        printf("%s: %ld\n", what, where);
}

/* ---- a layer as kernel.c reads it ---- */

static void *pack_eight_bits(const struct plain *layer)
{
    int8_t *packed = calloc(layer->shape.rows / BLOCK, FOURS * BLOCK * 4);
    for (int row = 0; row < layer->shape.rows; row++)
        for (int column = 0; column < 27; column++) {
            const int four = column / 9 * 3 + column % 9 / 4;
            packed[((row / BLOCK * FOURS + four) * BLOCK + row % BLOCK) * 4 + column % 9 % 4] =
                layer->weights[row * 27 + column];
        }
    return packed;
}

static void *pack_bits(const struct plain *layer)
{
    const int words = layer->columns / 64, planes = layer->shape.weight_planes;
    uint64_t *packed = calloc((size_t)layer->shape.rows * words * planes, sizeof *packed);
    for (int row = 0; row < layer->shape.rows; row++)
        for (int column = 0; column < layer->columns; column++) {
            const int8_t value = layer->weights[row * layer->columns + column];
            uint64_t *to = packed + ((row / BLOCK * words + column / 64) * planes) * BLOCK + row % BLOCK;
            if (planes == 2 && value != 0)
                *to |= UINT64_C(1) << column % 64;
            if (value > 0)
                to[(planes - 1) * BLOCK] |= UINT64_C(1) << column % 64;
        }
    return packed;
}

static void *pack_thresholds(const struct plain *layer, bool eight_bits)
{
    const int steps = layer->shape.steps;
    int64_t *packed = malloc(sizeof *packed * layer->shape.rows * (steps ? steps : 1));
    for (int row = 0; row < layer->shape.rows; row++)
        for (int step = 0; step < steps; step++) {
            const int place = (row / BLOCK * steps + step) * BLOCK + row % BLOCK;
            if (eight_bits)
                ((int32_t *)packed)[place] = (int32_t)layer->thresholds[row * steps + step];
            else
                packed[place] = layer->thresholds[row * steps + step];
        }
    return packed;
}

/* ---- the same in plain loops ---- */

/* One layer: values [in_dim][in_dim][inputs], or [inputs], to results, the same for the next layer, and sums. */
static void compute(const struct plain *layer, const int *values, int *sums, int *results)
{
    const struct shape s = layer->shape;
    const int out_dim = s.in_dim ? s.in_dim - 2 : 1, after = s.pool ? out_dim / 2 : out_dim;
    for (int i = 0; i < after * after * s.rows; i++)
        results[i] = -1;
    for (int point = 0; point < out_dim * out_dim; point++)
        for (int row = 0; row < s.rows; row++) {
            const int8_t *weights = layer->weights + row * layer->columns;
            int sum = 0, exceeded = 0;
            for (int column = 0; column < layer->columns; column++) {
                const int tap = column / s.inputs, y = point / out_dim + tap / 3, x = point % out_dim + tap % 3;
                sum += weights[column] * values[s.in_dim ? (y * s.in_dim + x) * s.inputs + column % s.inputs : column];
            }
            for (int step = 0; step < s.steps; step++)
                exceeded += sum > layer->thresholds[row * s.steps + step];
            const int value = s.steps == 1 ? 2 * exceeded - 1 : exceeded - 1;
            const int row_of_point = point / out_dim, column_of_point = point % out_dim;
            int *to = results + (s.pool ? row_of_point / 2 * after + column_of_point / 2 : point) * s.rows + row;
            *to = value > *to ? value : *to;
            sums[point * s.rows + row] = sum;
        }
}

/* ---- networks ---- */

struct job {
    const struct layer *layers;
    int layer_count, pixels, first, count;
    const uint8_t *table, *images;
    int64_t at_once;
    int32_t *outputs;
    int answer;
};

static void *work(void *argument)
{
    struct job *job = argument;
    if (race)
        checksum++;
    job->answer =
        run(job->layers, job->layer_count, job->table, job->pixels, job->images + (int64_t)job->first * job->pixels,
            job->count, job->at_once, job->outputs + (int64_t)job->first * job->layers[job->layer_count - 1].rows);
    return NULL;
}

/* Fails every allocation of a call once; the call must report it, and the next call must be right. */
static void fail_everywhere(struct job job, const int32_t *right, size_t bytes)
{
    for (long n = 1, more = 1; more; n++) {
        failing = n;
        allocations = 0;
        work(&job);
        more = allocations >= n;
        check("a failed allocation", job.answer == (more ? -1 : 0), n);
        failing = 0;
        memset(job.outputs, 0x55, bytes);
        work(&job);
        check("after a failed allocation", job.answer == 0 && !memcmp(job.outputs, right, bytes), n);
        check("allocations", more || n == 3, n);
    }
}

/* `pixels`: of an image. They may be fewer than the inputs of a first layer of bits. */
static void test_network(const struct shape *shapes, int count, int pixels, int images, int at_once, int threads)
{
    const bool eight_bits = shapes[0].in_dim && shapes[0].inputs == 3;
    struct plain plain[MOST_LAYERS];
    struct layer layers[MOST_LAYERS];
    uint8_t table[256], *pixel_values = malloc((size_t)images * pixels);
    for (int i = 0; i < 256; i++)
        table[i] = (uint8_t)(eight_bits ? i : i > 99);
    for (int i = 0; i < images * pixels; i++)
        pixel_values[i] = (uint8_t)draw(256);
    for (int number = 0; number < count; number++) {
        const struct shape s = shapes[number];
        struct plain *layer = plain + number;
        layer->shape = s;
        layer->columns = s.in_dim ? 9 * s.inputs : s.inputs;
        layer->weights = malloc((size_t)s.rows * layer->columns);
        layer->thresholds = calloc((size_t)s.rows * 2, sizeof *layer->thresholds);
        for (int i = 0; i < s.rows * layer->columns; i++)
            layer->weights[i] = (int8_t)(s.weight_planes == 2 ? draw(3) - 1 : 2 * draw(2) - 1);
        for (int row = 0; row < s.rows; row++)
            for (int step = 0; step < s.steps; step++)
                layer->thresholds[row * s.steps + step] =
                    (number == 0 && eight_bits ? draw(4000) - 2000 : draw(21) - 10) + 6 * step;
        const struct layer packed = {s.in_dim,
                                     s.in_dim ? s.in_dim - 2 : 1,
                                     (layer->columns + 63) / 64,
                                     s.rows,
                                     number == 0 && eight_bits ? 0
                                     : number == 0             ? 1
                                                               : shapes[number - 1].steps,
                                     s.weight_planes,
                                     s.steps,
                                     s.pool,
                                     number == 0 && eight_bits ? pack_eight_bits(layer) : pack_bits(layer),
                                     pack_thresholds(layer, number == 0 && eight_bits)};
        layers[number] = packed;
    }

    const int rows = shapes[count - 1].rows;
    const size_t bytes = sizeof(int32_t) * images * rows;
    int32_t *right = malloc(bytes), *outputs = malloc(bytes);
    int *values = malloc(sizeof(int) * 100000), *results = malloc(sizeof(int) * 100000),
        *sums = malloc(sizeof(int) * 100000);
    for (int image = 0; threads == 1 && image < images; image++) {
        for (int i = 0; i < (eight_bits ? pixels : shapes[0].inputs); i++) {
            const int value = i < pixels ? table[pixel_values[image * pixels + i]] : 0;
            values[i] = eight_bits ? value : 2 * value - 1;
        }
        for (int number = 0; number < count; number++) {
            compute(plain + number, values, sums, results);
            int *swapped = values;
            values = results, results = swapped;
        }
        for (int row = 0; row < rows; row++)
            right[image * rows + row] = shapes[count - 1].steps ? values[row] > 0 : sums[row];
    }

    struct job jobs[MOST_THREADS];
    pthread_t started[MOST_THREADS];
    memset(outputs, 0x55, bytes);
    for (int t = 0; t < threads; t++) {
        const int first = images * t / threads;
        const struct job job = {layers, count,        pixels,  first,   images * (t + 1) / threads - first,
                                table,  pixel_values, at_once, outputs, 1};
        jobs[t] = job;
        if (pthread_create(started + t, NULL, work, jobs + t))
            abort();
    }
    for (int t = 0; t < threads; t++) {
        pthread_join(started[t], NULL);
        check("answer", jobs[t].answer == 0, t);
    }
    for (int i = 0; i < images * rows; i++) {
        check("output", threads > 1 || outputs[i] == right[i], i);
        checksum = (checksum << 5 | checksum >> 27) ^ (uint32_t)outputs[i];
    }
    const struct job whole = {layers, count, pixels, 0, images, table, pixel_values, at_once, outputs, 1};
    if (threads == 1)
        fail_everywhere(whole, right, bytes);
    for (int number = 0; number < count; number++) {
        free(plain[number].weights), free(plain[number].thresholds);
        free((void *)layers[number].weights), free((void *)layers[number].thresholds);
    }
    free(pixel_values), free(right), free(outputs), free(values), free(results), free(sums);
}

int main(int argc, char **argv)
{
    const int threads = argc > 1 ? atoi(argv[1]) : 1;
    if (threads < 1 || threads > MOST_THREADS)
        return 2;
    race = argc > 2;
#if defined __AVX512VPOPCNTDQ__ && defined __AVX512VNNI__
    puts("AVX-512");
#else
    puts("portable");
#endif
    for (int weight_planes = 1; weight_planes <= 2; weight_planes++)
        for (int steps = 1; steps <= 2; steps++) {
            /* dense: 1, 2 and 13 words of inputs; the pixels fill only part of the last word */
            const struct shape one[] = {{0, 64, 64, weight_planes, steps, false}, {0, 64, 64, weight_planes, 0, false}};
            const struct shape two[] = {{0, 128, 192, weight_planes, steps, false},
                                        {0, 192, 64, weight_planes, 0, false}};
            const struct shape three[] = {{0, 832, 64, weight_planes, steps, false},
                                          {0, 64, 128, weight_planes, steps, false},
                                          {0, 128, 64, weight_planes, 1, false}};
            test_network(one, 2, 1, 1, 1, threads);
            test_network(two, 2, 65, 7, 3, threads);
            test_network(three, 3, 784, 129, 64, threads);
            /* convolutions: the smallest image; pools of several sizes; an image whose side is odd */
            const struct shape small[] = {{3, 3, 64, weight_planes, steps, false},
                                          {0, 64, 64, weight_planes, 0, false}};
            const struct shape pooled[] = {{6, 3, 64, weight_planes, steps, true},
                                           {0, 256, 128, weight_planes, steps, false},
                                           {0, 128, 64, weight_planes, 1, false}};
            const struct shape deep[] = {{9, 3, 64, weight_planes, steps, false},
                                         {7, 64, 128, weight_planes, steps, false},
                                         {5, 128, 64, weight_planes, steps, false},
                                         {0, 576, 64, weight_planes, 0, false}};
            const struct shape twice[] = {{14, 3, 64, weight_planes, steps, true},
                                          {6, 64, 64, weight_planes, steps, true},
                                          {0, 256, 64, weight_planes, 0, false}};
            test_network(small, 2, 27, 5, 2, threads);
            test_network(pooled, 3, 108, 3, 2, threads);
            test_network(deep, 4, 243, 3, 2, threads);
            test_network(twice, 3, 588, 5, 2, threads);
        }
    const struct shape largest[] = {{32, 3, 64, 1, 2, true}, {0, 14400, 64, 1, 0, false}};
    test_network(largest, 2, 3072, 3, 2, threads);
    printf("checksum %08x\n%d wrong\n", (unsigned)checksum, wrong);
    return wrong > 0;
}
