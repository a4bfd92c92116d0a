enum CallJobsTestsPlaceholder {}
