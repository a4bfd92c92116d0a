#include "CPhoneNumber.h"

#include <phonenumbers/phonenumberutil.h>

extern "C" int rb_phone_number_ready(void) {
    return i18n::phonenumbers::PhoneNumberUtil::GetInstance() != nullptr;
}
