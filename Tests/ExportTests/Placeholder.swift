enum ExportTestsPlaceholder {}
