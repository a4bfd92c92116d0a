-- Marks the queue's keys with this program's layout; the prelude refuses those of a newer one.
--
-- Result: the layout

open()
return LAYOUT
