/* {{ title }} */
#ifndef {{ name|upper }}_H
#define {{ name|upper }}_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define {{ name|upper }}_CLASSES {{ classes }}
#define {{ name|upper }}_IMAGE_BYTES {{ image_bytes }}     /* {{ overlay.image_shape|join(' x ') }}: {{ 'R, G, B of each pixel' if overlay.image_shape[2:] else 'greys, white ink on black' }} */

extern const char *const {{ name }}_names[{{ name|upper }}_CLASSES];

/* Classify one image.
 *
 * image: {{ name|upper }}_IMAGE_BYTES bytes. scores: room for {{ name|upper }}_CLASSES numbers, where each class's {{ 'bit' if highest else 'score' }} goes.
 * Returns the class that the board answers: the {{ 'highest set bit, 0 where none is' if highest else 'first with the largest score' }}. */
int {{ name }}_classify(const uint8_t *image, int16_t *scores);

#ifdef __cplusplus
}
#endif
#endif
