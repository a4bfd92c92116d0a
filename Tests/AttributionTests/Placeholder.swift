enum AttributionTestsPlaceholder {}
