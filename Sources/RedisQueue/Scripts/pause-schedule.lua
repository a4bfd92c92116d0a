-- Lets a schedule's instants pass without a job.
--
-- KEYS[15] hold:<schedule> HASH; ARGV[1] who, ARGV[2] why
-- Result: 1

open()
redis.call('HSET', KEYS[15], 'pausedBy', ARGV[1], 'pausedWhy', ARGV[2], 'pausedAt', nowText)
return 1
