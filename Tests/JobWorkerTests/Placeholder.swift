enum JobWorkerTestsPlaceholder {}
