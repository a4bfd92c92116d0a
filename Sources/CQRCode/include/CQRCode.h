// libqrencode, which turns texts into QR codes.
#ifndef RINGBACK_CQRCODE_H
#define RINGBACK_CQRCODE_H

#include <qrencode.h>

#endif
