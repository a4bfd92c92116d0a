-- Who holds a unique key; writes nothing.
--
-- KEYS[15] uniq:<key>
-- Result: {job id or '', ms until the key ends by itself, or -1}

return {redis.call('GET', KEYS[15]) or '', text(redis.call('PTTL', KEYS[15]))}
