enum JobQueueTestsPlaceholder {}
