#define _GNU_SOURCE
#include "CProcess.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

/* Leaves the other screen, shows the cursor, ends every look. */
static const char LEAVE[] = "\033[0m\033[?25h\033[?1049l";
static const char ENTER[] = "\033[?1049h\033[?25l\033[2J";

static struct termios before;
static volatile sig_atomic_t is_raw = 0;
static int has_hooks = 0;

static void put(const char *text, size_t length) {
    ssize_t written = write(STDOUT_FILENO, text, length);
    (void)written;
}

/* Only calls that are safe in a signal handler. */
void cprocess_terminal_restore(void) {
    if (!is_raw) return;
    is_raw = 0;
    put(LEAVE, sizeof LEAVE - 1);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
}

static void restore_and_die(int number) {
    int error = errno;
    cprocess_terminal_restore();
    signal(number, SIG_DFL);
    raise(number);
    errno = error;
}

static void hook(void) {
    static const int deaths[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM, SIGILL,
                                 SIGTRAP, SIGABRT, SIGBUS,  SIGFPE,  SIGSEGV};
    struct sigaction action = {.sa_handler = restore_and_die};
    sigemptyset(&action.sa_mask);
    for (size_t index = 0; index < sizeof deaths / sizeof *deaths; index++) {
        sigaction(deaths[index], &action, NULL);
    }
    atexit(cprocess_terminal_restore);
    has_hooks = 1;
}

int cprocess_terminal_take(void) {
    if (is_raw) return 0;
    if (tcgetattr(STDIN_FILENO, &before) != 0) return -errno;
    if (!has_hooks) hook();
    struct termios raw = before;
    cfmakeraw(&raw);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    if (tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) != 0) return -errno;
    is_raw = 1;
    put(ENTER, sizeof ENTER - 1);
    return 0;
}
