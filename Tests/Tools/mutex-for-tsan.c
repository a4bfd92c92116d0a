// Tells the thread sanitizer of Swift's `Mutex`, loaded with LD_PRELOAD by `make tsan`.
//
// A mutex that nobody else holds is locked and unlocked in the program's own code, which the
// sanitizer sees. One that others wait for is handed over by functions of the Swift library, which
// it does not: it then takes every access to what the mutex guards for a race. These stand in front
// of the two functions and say what they do. Programs without the sanitizer notice nothing.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>

#define LOCK "$s15Synchronization12_MutexHandleV9_lockSlowyys6UInt32VF"
#define UNLOCK "$s15Synchronization12_MutexHandleV11_unlockSlowyyF"
#define SWIFT __attribute__((swiftcall))
#define SELF __attribute__((swift_context)) void *

extern void __tsan_acquire(void *) __attribute__((weak));
extern void __tsan_release(void *) __attribute__((weak));

SWIFT void lockSlow(uint32_t thread, SELF mutex) __asm__(LOCK);
SWIFT void unlockSlow(SELF mutex) __asm__(UNLOCK);

SWIFT void lockSlow(uint32_t thread, SELF mutex) {
    typedef SWIFT void (*Lock)(uint32_t, SELF);
    ((Lock)dlsym(RTLD_NEXT, LOCK))(thread, mutex);
    if (__tsan_acquire) __tsan_acquire(mutex);
}

SWIFT void unlockSlow(SELF mutex) {
    typedef SWIFT void (*Unlock)(SELF);
    if (__tsan_release) __tsan_release(mutex);
    ((Unlock)dlsym(RTLD_NEXT, UNLOCK))(mutex);
}
