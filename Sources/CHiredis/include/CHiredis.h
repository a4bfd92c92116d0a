// hiredis' command formatter and reply reader, without its blocking client.
#ifndef RINGBACK_CHIREDIS_H
#define RINGBACK_CHIREDIS_H

#include <hiredis/hiredis.h>
#include <hiredis/read.h>

#endif
