/* Peak multiply-add rate of this machine, on all threads: independent chains of FMAs on the compiler's widest vectors.
   cc -O3 -march=native -fopenmp bench/peak.c && ./a.out prints GFLOP/s (two operations per multiply-add). */
#include <omp.h>
#include <stdio.h>
#include <time.h>

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#else
#define BYTES 16
#endif
#define CHAINS 12 /* more than FMA latency times FMA units */

typedef float vector __attribute__((vector_size(BYTES)));

vector kept[64][CHAINS]; /* so that the compiler drops nothing */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec + 1e-9 * now.tv_nsec;
}

int main(void)
{
    const long steps = 20000000;
    double best = 0;
    for (int round = 0; round < 5; round++) {
        const double start = seconds();
#pragma omp parallel
        {
            vector sum[CHAINS], factor = {0}, term = {0};
            for (int i = 0; i < CHAINS; i++)
                sum[i] = factor + (float)(i + omp_get_thread_num());
            factor += .5f + round * 1e-6f;
            term += .25f;
            for (long step = 0; step < steps; step++) {
#pragma GCC unroll 12
                for (int i = 0; i < CHAINS; i++)
                    sum[i] = sum[i] * factor + term;
            }
            for (int i = 0; i < CHAINS; i++)
                kept[omp_get_thread_num() % 64][i] = sum[i];
        }
        const double done = 2. * steps * CHAINS * (BYTES / 4) * omp_get_max_threads() / (seconds() - start);
        best = done > best ? done : best;
    }
    printf("%.1f\n", best / 1e9);
    return 0;
}
