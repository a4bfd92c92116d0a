-- prepare: marks the queue's keys with this program's layout, or refuses those of a newer one.
--
-- KEYS[1]  ctl
-- Returns the layout.

local refused = layout()
if refused then return refused end
call('ZREM', LEASE, '')
call('HSETNX', CTL, 'layout', LAYOUT)
return LAYOUT
