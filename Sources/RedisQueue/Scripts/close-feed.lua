-- Ends a feed: later steps of it find it closed.
--
-- KEYS[15] feed:<name>  STRING  position (integer), or 'closed'
-- ARGV[1] how long that is remembered (ms)
-- Result: 1

open()
redis.call('SET', KEYS[15], 'closed', 'PX', ARGV[1])
return 1
