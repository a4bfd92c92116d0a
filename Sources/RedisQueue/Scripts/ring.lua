-- ring: puts a token on the bell if there is none.
--
-- KEYS[1]  ctl
-- Returns 1.

local refused = layout()
if refused then return refused end
call('ZREM', LEASE, '')
ring()
return 1
