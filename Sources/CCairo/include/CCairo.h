// cairo, which draws PDF documents.
#ifndef RINGBACK_CCAIRO_H
#define RINGBACK_CCAIRO_H

#include <cairo/cairo.h>
#include <cairo/cairo-pdf.h>

#endif
