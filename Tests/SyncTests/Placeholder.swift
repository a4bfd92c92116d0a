enum SyncTestsPlaceholder {}
