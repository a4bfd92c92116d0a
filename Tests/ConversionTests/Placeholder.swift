enum ConversionTestsPlaceholder {}
