// The widest instruction set that the compiler may use. To add one: a header with the names of portable.h, two lines here.
#include <stdint.h>
#if defined(PORTABLE_LANES)
#include "portable.h"
#elif defined(__AVX512BW__) && defined(__AVX512VL__)
#include "avx512.h"
#elif defined(__AVX2__)
#include "avx2.h"
#elif defined(__aarch64__)
#include "neon.h"
#else
#include "portable.h"
#endif
