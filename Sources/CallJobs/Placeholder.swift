enum CallJobsPlaceholder {}
