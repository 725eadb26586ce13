/* @title@ */
#ifndef @guard@
#define @guard@

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define @NAME@_CLASSES @classes@
#define @NAME@_IMAGE_BYTES @image_bytes@     /* @image@ */

extern const char *const @name@_names[@NAME@_CLASSES];

/* Classify one image.
 *
 * image: @NAME@_IMAGE_BYTES bytes. scores: room for @NAME@_CLASSES numbers, where each class's @scores@ goes.
 * Returns the class that the board answers: @answer@. */
int @name@_classify(const uint8_t *image, int16_t *scores);

#ifdef __cplusplus
}
#endif
#endif
