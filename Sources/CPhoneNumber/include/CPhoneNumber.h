// A C face for Google's libphonenumber.
//
// No exception and no C++ type passes through it, and it keeps no pointer that it is given. All
// functions may be called from any thread after rb_phone_prepare has returned once; the library
// guards its caches of regular expressions itself.
#ifndef RINGBACK_CPHONENUMBER_H
#define RINGBACK_CPHONENUMBER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Room for the longest E.164 text the library can make (a plus, 3 and 17 digits), with its NUL.
#define RB_PHONE_E164_BYTES 32
// Room for the longest extension the library reads (20 digits), with its NUL.
#define RB_PHONE_EXTENSION_BYTES 32
// Room for a region code (two letters, or "001"), with its NUL.
#define RB_PHONE_REGION_BYTES 8
// Room for a version text, with its NUL.
#define RB_PHONE_VERSION_BYTES 32

enum rb_phone_status {
  RB_PHONE_PARSED = 0,
  RB_PHONE_INVALID_COUNTRY_CODE = 1,
  RB_PHONE_NOT_A_NUMBER = 2,
  RB_PHONE_TOO_SHORT_AFTER_IDD = 3,
  RB_PHONE_TOO_SHORT = 4,
  RB_PHONE_TOO_LONG = 5,
  // The library failed (out of memory), or an answer did not fit its field.
  RB_PHONE_INTERNAL = 6,
};

enum rb_phone_length {
  RB_PHONE_LENGTH_POSSIBLE = 0,
  RB_PHONE_LENGTH_LOCAL_ONLY = 1,
  RB_PHONE_LENGTH_BAD_COUNTRY = 2,
  RB_PHONE_LENGTH_SHORT = 3,
  RB_PHONE_LENGTH_INVALID = 4,
  RB_PHONE_LENGTH_LONG = 5,
};

struct rb_phone_number {
  // One of rb_phone_status; the other fields count only for RB_PHONE_PARSED.
  int32_t status;
  // One of rb_phone_length.
  int32_t length;
  // 1 when the number fits the pattern of a range that is in use.
  int32_t is_valid;
  int32_t country_code;
  char e164[RB_PHONE_E164_BYTES];
  char extension[RB_PHONE_EXTENSION_BYTES];
  char region[RB_PHONE_REGION_BYTES];
};

// Loads the metadata and silences the library's own log, which would print numbers. Returns 1, or 0
// when it failed. Blocks for some milliseconds the first time.
int32_t rb_phone_prepare(void);

// Parses `length` bytes of UTF-8 text. `region` is a two-letter code (NUL-terminated) for numbers
// without a country code; "ZZ" when there is none.
void rb_phone_parse(const char *text, size_t length, const char *region,
                    struct rb_phone_number *out);

// 1 when the library knows the region.
int32_t rb_phone_region_known(const char *region);

// Digits of the national number of the region's example landline; 0 when there is none.
int32_t rb_phone_region_example_digits(const char *region);

// The country code that numbers of the region begin with, such as 49; 0 when it is not known.
int32_t rb_phone_region_calling_code(const char *region);

// Writes the version of the loaded library, as its file name tells it ("8.12"); empty when unknown.
void rb_phone_version(char out[RB_PHONE_VERSION_BYTES]);

#ifdef __cplusplus
}
#endif

#endif
