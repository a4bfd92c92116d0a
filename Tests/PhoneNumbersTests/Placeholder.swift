enum PhoneNumbersTestsPlaceholder {}
