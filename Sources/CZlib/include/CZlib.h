// zlib.
#ifndef RINGBACK_CZLIB_H
#define RINGBACK_CZLIB_H

#include <zlib.h>

#endif
