/* Reads images from standard input and prints the class and scores of each:
 *
 *     cc -O3 -march=native -o classify {{ file }}-example.c {{ file }}.c && ./classify < images.raw
 */
#include <stdio.h>
#include "{{ file }}.h"

int main(void)
{
    static uint8_t image[{{ name|upper }}_IMAGE_BYTES];
    int16_t scores[{{ name|upper }}_CLASSES];
    int answer, i;

    while (fread(image, sizeof image, 1, stdin) == 1) {
        answer = {{ name }}_classify(image, scores);
        printf("%s", {{ name }}_names[answer]);
        for (i = 0; i < {{ name|upper }}_CLASSES; i++)
            printf(" %d", scores[i]);
        printf("\n");
    }
    return 0;
}
