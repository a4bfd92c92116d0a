// A C face for Google's libphonenumber.
#ifndef RINGBACK_CPHONENUMBER_H
#define RINGBACK_CPHONENUMBER_H

#ifdef __cplusplus
extern "C" {
#endif

int rb_phone_number_ready(void);

#ifdef __cplusplus
}
#endif

#endif
