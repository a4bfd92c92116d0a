// libcurl, and the calls of it that Swift cannot make because they are variadic.
#ifndef RINGBACK_CCURL_H
#define RINGBACK_CCURL_H

#include <curl/curl.h>

#endif
