/* Prints the processor seconds that an exported network takes for images from standard input, and a sum of its answers.
 * Compiled with HEADER, CLASSIFY, IMAGE_BYTES, CLASSES and IMAGES defined. */
#define _POSIX_C_SOURCE 199309L
#include HEADER
#include <stdio.h>
#include <time.h>

static uint8_t images[IMAGES][IMAGE_BYTES];

static double now(void)
{
    struct timespec time;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

int main(void)
{
    int16_t scores[CLASSES];
    double started;
    long sum;
    int warm, i, k;

    if (fread(images, sizeof images, 1, stdin) != 1)
        return 1;
    for (warm = 0; warm <= 1; warm++) {
        started = now();
        sum = 0;
        for (i = 0; i < IMAGES; i++) {
            sum += CLASSIFY(images[i], scores);
            for (k = 0; k < CLASSES; k++)
                sum += scores[k];
        }
    }
    printf("%.9f %ld\n", now() - started, sum);
    return 0;
}
