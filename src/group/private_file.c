/* private_file.c - small files with secrets: written whole or not at all, read only when nobody
 * else can.
 *
 * Writing makes a temporary file beside it, syncs, renames and syncs the folder. Reading takes only
 * a regular file of ours that nobody else may read (else PEER_E_NO_KEY_ACCESS) and of the very size
 * that is expected (else NTE_BAD_KEYSET). What is read passes through no buffer but the caller's,
 * who wipes it. */
#include "group/home.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdlib.h>
#include <unistd.h>

static HRESULT write_all(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t done = write(fd, data, size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return home_result(errno);
        data += done;
        size -= (size_t)done;
    }
    return S_OK;
}

HRESULT private_file_write(const char *folder, const char *path, const uint8_t *data, size_t size)
{
    char *temporary CLEANUP_FREE = NULL;
    HRESULT hr = home_join(folder, ".new-XXXXXX", &temporary);
    if (FAILED(hr))
        return hr;
    int fd = mkostemp(temporary, O_CLOEXEC);
    if (fd < 0)
        return home_result(errno);
    hr = write_all(fd, data, size);
    if (SUCCEEDED(hr) && fsync(fd) < 0)
        hr = home_result(errno);
    if (close(fd) < 0 && SUCCEEDED(hr))
        hr = home_result(errno);
    if (SUCCEEDED(hr) && rename(temporary, path) < 0)
        hr = home_result(errno);
    if (FAILED(hr)) {
        unlink(temporary);
        return hr;
    }
    /* A file that may not be durable stays: another identity may live on the same key. */
    return home_sync(folder);
}

/* One byte more than wanted shows that a file is too long. */
static HRESULT read_all(int fd, uint8_t *data, size_t size)
{
    uint8_t more;
    for (size_t at = 0; at <= size;) {
        ssize_t done = at < size ? read(fd, data + at, size - at) : read(fd, &more, 1);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return home_result(errno);
        if (done == 0)
            return at == size ? S_OK : NTE_BAD_KEYSET;
        at += (size_t)done;
    }
    return NTE_BAD_KEYSET;
}

HRESULT private_file_read(const char *path, uint8_t *data, size_t size)
{
    struct stat status;
    int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return home_result(errno);
    HRESULT hr = fstat(fd, &status) < 0 ? home_result(errno) : S_OK;
    if (SUCCEEDED(hr))
        hr = S_ISREG(status.st_mode) ? home_check_private(&status) : PEER_E_NO_KEY_ACCESS;
    if (SUCCEEDED(hr))
        hr = read_all(fd, data, size);
    close(fd);
    if (FAILED(hr))
        sodium_memzero(data, size);
    return hr;
}
