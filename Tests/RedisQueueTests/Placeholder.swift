enum RedisQueueTestsPlaceholder {}
