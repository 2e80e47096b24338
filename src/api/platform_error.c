/* platform_error.c - the thread's last error, and starting Winsock, which needs no starting here.
 *
 * Each thread has its own number; a function that fails sets it and one that succeeds leaves it,
 * except where its page says otherwise. WSAStartup agrees on version 2.2 or an older one and
 * counts, so that WSACleanup can tell a call too many (WSANOTINITIALISED). */
#include <peergroup/platform.h>

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

enum { WINSOCK_HIGHEST = MAKEWORD(2, 2) };

static _Thread_local DWORD last_error;
static _Atomic unsigned winsock_starts;

DWORD GetLastError(void)
{
    return last_error;
}

void SetLastError(DWORD error)
{
    last_error = error;
}

/* The version that both sides know, or 0. */
static WORD common_version(WORD wanted)
{
    if (LOBYTE(wanted) == 0)
        return 0;
    if (LOBYTE(wanted) > 2 || (LOBYTE(wanted) == 2 && HIBYTE(wanted) > 2))
        return WINSOCK_HIGHEST;
    if (LOBYTE(wanted) == 1 && HIBYTE(wanted) > 1)
        return MAKEWORD(1, 1);
    return wanted;
}

int WSAStartup(WORD wanted, LPWSADATA data)
{
    if (!data)
        return WSAEFAULT;
    memset(data, 0, sizeof *data);
    data->wHighVersion = WINSOCK_HIGHEST;
    data->wVersion = common_version(wanted);
    if (data->wVersion == 0) {
        data->wVersion = WINSOCK_HIGHEST;
        return WSAVERNOTSUPPORTED;
    }
    strcpy(data->szDescription, "BSD sockets");
    strcpy(data->szSystemStatus, "Running");
    winsock_starts++;
    return 0;
}

int WSACleanup(void)
{
    unsigned starts = winsock_starts;
    do {
        if (starts == 0) {
            SetLastError(WSANOTINITIALISED);
            return SOCKET_ERROR;
        }
    } while (!atomic_compare_exchange_weak(&winsock_starts, &starts, starts - 1));
    return 0;
}
