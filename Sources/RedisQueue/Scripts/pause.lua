-- Stops fetching.
--
-- ARGV[1] who, ARGV[2] why
-- Result: 1

open()
redis.call('HSET', KEYS[10], 'pausedBy', ARGV[1], 'pausedWhy', ARGV[2], 'pausedAt', nowText)
return 1
