#define _GNU_SOURCE
#include "CProcess.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLOSE_RANGE_CLOEXEC
#define CLOSE_RANGE_CLOEXEC (1U << 2)
#endif

/* The descriptor under which the child finds the file it keeps. */
enum { KEPT = 3, FIRST_OTHER = 4, OTHERS_MAX = 65536 };

static void close_others_on_exec(void) {
#ifdef SYS_close_range
    if (syscall(SYS_close_range, FIRST_OTHER, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return;
#endif
    for (int file = FIRST_OTHER; file < OTHERS_MAX; file++) fcntl(file, F_SETFD, FD_CLOEXEC);
}

/* Between fork and exec only calls that are safe in a signal handler. */
static void become(const char *path, char *const arguments[], char *const environment[],
                   int output_file, int kept_file, int death_signal, int parent) {
    setpgid(0, 0);
    if (death_signal != 0) {
        if (prctl(PR_SET_PDEATHSIG, death_signal) != 0) return;
        /* The parent may have died before that call; then nobody would ever signal us. */
        if (getppid() != parent) _exit(127);
    }
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int number = 1; number < NSIG; number++) sigaction(number, &standard, NULL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);

    int empty = open("/dev/null", O_RDONLY);
    if (empty < 0) return;
    /* Out of the way first: a file may itself be one of the numbers that are written to. */
    int output = fcntl(output_file, F_DUPFD_CLOEXEC, FIRST_OTHER);
    int kept = kept_file < 0 ? -1 : fcntl(kept_file, F_DUPFD_CLOEXEC, FIRST_OTHER);
    if (output < 0 || (kept_file >= 0 && kept < 0)) return;
    if (dup2(empty, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0) return;
    if (kept >= 0) {
        if (dup2(kept, KEPT) < 0) return;
    } else {
        fcntl(KEPT, F_SETFD, FD_CLOEXEC);
    }
    close_others_on_exec();
    execve(path, arguments, environment);
}

int cprocess_spawn(const char *path, char *const arguments[], char *const environment[],
                   int output_file, int kept_file, int death_signal) {
    int report[2];
    if (pipe2(report, O_CLOEXEC) != 0) return -errno;
    /* The report must not sit on the number that the child's kept file takes. */
    int far = fcntl(report[1], F_DUPFD_CLOEXEC, FIRST_OTHER);
    close(report[1]);
    if (far < 0) {
        int error = errno;
        close(report[0]);
        return -error;
    }
    int parent = getpid();
    int child = fork();
    if (child == 0) {
        become(path, arguments, environment, output_file, kept_file, death_signal, parent);
        int error = errno;
        ssize_t written = write(far, &error, sizeof error);
        (void)written;
        _exit(127);
    }
    int fork_error = errno;
    close(far);
    if (child < 0) {
        close(report[0]);
        return -fork_error;
    }
    int error = 0;
    ssize_t count;
    do {
        count = read(report[0], &error, sizeof error);
    } while (count < 0 && errno == EINTR);
    close(report[0]);
    if (count == (ssize_t)sizeof error) {
        cprocess_wait(child);
        return -error;
    }
    return child;
}

int cprocess_await_end(int process) {
    siginfo_t information;
    while (waitid(P_PID, (id_t)process, &information, WEXITED | WNOWAIT) != 0) {
        if (errno != EINTR) return -errno;
    }
    return 0;
}

int cprocess_wait(int process) {
    int status;
    while (waitpid(process, &status, 0) < 0) {
        if (errno != EINTR) return -errno;
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
