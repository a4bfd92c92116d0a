#ifndef RINGBACK_CPROCESS_H
#define RINGBACK_CPROCESS_H

/* Starts a program in a process group of its own.
 *
 * Its standard input is empty, its output and error go to output_file. kept_file (or -1) becomes
 * its descriptor 3; all others are closed. It gets death_signal (or 0 for none) when the thread
 * that called this ends. Signals have their default effect in it.
 *
 * Returns its process id, or a negative errno when it could not be started. */
int cprocess_spawn(const char *path, char *const arguments[], char *const environment[],
                   int output_file, int kept_file, int death_signal);

/* Waits until a child has ended, and leaves it to cprocess_wait; 0, or a negative errno. */
int cprocess_await_end(int process);

/* Waits for the end of a child, after which its id may be given to another process: its exit code, or 128 and the number of the signal that ended it;
 * a negative errno when there is no such child. */
int cprocess_wait(int process);

/* Takes the terminal of standard input and output for a full screen: no echo, no line editing, no
 * keys that send signals, reading that never waits. Whatever ends the process but SIGKILL gives it
 * back as it was. 0, or a negative errno when standard input is no terminal. */
int cprocess_terminal_take(void);

/* Gives the terminal back; does nothing when it was not taken. Safe in a signal handler. */
void cprocess_terminal_restore(void);

#endif
