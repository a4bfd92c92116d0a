#ifndef RINGBACK_CLOCK_SHIFT_H
#define RINGBACK_CLOCK_SHIFT_H

// Moves the wall clock of the process that this library is loaded into (LD_PRELOAD) by as many
// seconds as the file named by RINGBACK_CLOCK_SHIFT holds, a native 64-bit number that may change
// at any time. Monotonic clocks are left alone.

#endif
