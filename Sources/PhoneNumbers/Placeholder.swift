enum PhoneNumbersPlaceholder {}
