#include "CPhoneNumber.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdlib.h>

#include <cstring>
#include <mutex>
#include <string>

#include <phonenumbers/logger.h>
#include <phonenumbers/phonenumber.pb.h>
#include <phonenumbers/phonenumberutil.h>

using i18n::phonenumbers::NullLogger;
using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

namespace {

// Copies a text with its NUL; false when it does not fit.
template <size_t capacity>
bool copy(const std::string &text, char (&out)[capacity]) {
  if (text.size() >= capacity) return false;
  std::memcpy(out, text.data(), text.size());
  out[text.size()] = '\0';
  return true;
}

int32_t status_of(PhoneNumberUtil::ErrorType error) {
  switch (error) {
    case PhoneNumberUtil::NO_PARSING_ERROR: return RB_PHONE_PARSED;
    case PhoneNumberUtil::INVALID_COUNTRY_CODE_ERROR: return RB_PHONE_INVALID_COUNTRY_CODE;
    case PhoneNumberUtil::NOT_A_NUMBER: return RB_PHONE_NOT_A_NUMBER;
    case PhoneNumberUtil::TOO_SHORT_AFTER_IDD: return RB_PHONE_TOO_SHORT_AFTER_IDD;
    case PhoneNumberUtil::TOO_SHORT_NSN: return RB_PHONE_TOO_SHORT;
    case PhoneNumberUtil::TOO_LONG_NSN: return RB_PHONE_TOO_LONG;
  }
  return RB_PHONE_INTERNAL;
}

int32_t length_of(PhoneNumberUtil::ValidationResult result) {
  switch (result) {
    case PhoneNumberUtil::IS_POSSIBLE: return RB_PHONE_LENGTH_POSSIBLE;
    case PhoneNumberUtil::IS_POSSIBLE_LOCAL_ONLY: return RB_PHONE_LENGTH_LOCAL_ONLY;
    case PhoneNumberUtil::INVALID_COUNTRY_CODE: return RB_PHONE_LENGTH_BAD_COUNTRY;
    case PhoneNumberUtil::TOO_SHORT: return RB_PHONE_LENGTH_SHORT;
    case PhoneNumberUtil::INVALID_LENGTH: return RB_PHONE_LENGTH_INVALID;
    case PhoneNumberUtil::TOO_LONG: return RB_PHONE_LENGTH_LONG;
  }
  return RB_PHONE_LENGTH_INVALID;
}

}  // namespace

extern "C" int32_t rb_phone_prepare(void) {
  try {
    static std::once_flag once;
    std::call_once(once, [] {
      // The library owns the logger from here on.
      PhoneNumberUtil::GetInstance()->SetLogger(new NullLogger());
    });
    return 1;
  } catch (...) {
    return 0;
  }
}

extern "C" void rb_phone_parse(const char *text, size_t length, const char *region,
                               struct rb_phone_number *out) {
  std::memset(out, 0, sizeof *out);
  out->status = RB_PHONE_INTERNAL;
  try {
    PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();
    PhoneNumber number;
    const auto error = util.Parse(std::string(text, length), region, &number);
    if (error != PhoneNumberUtil::NO_PARSING_ERROR) {
      out->status = status_of(error);
      return;
    }
    std::string e164;
    util.Format(number, PhoneNumberUtil::E164, &e164);
    std::string code;
    util.GetRegionCodeForNumber(number, &code);
    if (!copy(e164, out->e164) || !copy(number.extension(), out->extension) ||
        !copy(code, out->region)) {
      return;
    }
    out->length = length_of(util.IsPossibleNumberWithReason(number));
    out->is_valid = util.IsValidNumber(number) ? 1 : 0;
    out->country_code = number.country_code();
    out->status = RB_PHONE_PARSED;
  } catch (...) {
    // Out of memory: the status says so.
  }
}

extern "C" int32_t rb_phone_region_known(const char *region) {
  try {
    return PhoneNumberUtil::GetInstance()->GetCountryCodeForRegion(region) != 0 ? 1 : 0;
  } catch (...) {
    return 0;
  }
}

extern "C" int32_t rb_phone_region_example_digits(const char *region) {
  try {
    PhoneNumberUtil &util = *PhoneNumberUtil::GetInstance();
    PhoneNumber number;
    if (!util.GetExampleNumber(region, &number)) return 0;
    std::string national;
    util.GetNationalSignificantNumber(number, &national);
    return static_cast<int32_t>(national.size());
  } catch (...) {
    return 0;
  }
}

extern "C" int32_t rb_phone_region_calling_code(const char *region) {
  try {
    return PhoneNumberUtil::GetInstance()->GetCountryCodeForRegion(region);
  } catch (...) {
    return 0;
  }
}

extern "C" void rb_phone_version(char out[RB_PHONE_VERSION_BYTES]) {
  out[0] = '\0';
  try {
    Dl_info info;
    void *symbol = reinterpret_cast<void *>(&PhoneNumberUtil::GetInstance);
    if (dladdr(symbol, &info) == 0 || info.dli_fname == nullptr) return;
    char path[PATH_MAX];
    if (realpath(info.dli_fname, path) == nullptr) return;
    const std::string file(path);
    const std::string mark(".so.");
    const size_t start = file.rfind(mark);
    if (start == std::string::npos) return;
    const std::string version = file.substr(start + mark.size());
    if (version.size() >= RB_PHONE_VERSION_BYTES) return;
    std::memcpy(out, version.c_str(), version.size() + 1);
  } catch (...) {
    out[0] = '\0';
  }
}
