enum ConversionPlaceholder {}
