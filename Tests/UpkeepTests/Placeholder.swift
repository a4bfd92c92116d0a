enum UpkeepTestsPlaceholder {}
