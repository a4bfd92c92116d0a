enum CallStoreTestsPlaceholder {}
