enum WebAPITestsPlaceholder {}
