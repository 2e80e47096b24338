/* database_path.c - files of exported databases, and what the system's refusals are called.
 *
 * Writing goes to a new private file beside the place, which is synced, renamed and made durable
 * with its folder, so that a failure leaves what was there. Reading takes regular files only.
 * Failure: errno becomes the Win32 code that a program expects of a file; no room is
 * PEER_E_DISK_FULL, no memory E_OUTOFMEMORY. */
#include "engine/database_path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

HRESULT database_path_check(const char *path)
{
    size_t size = strlen(path);
    return path[0] == '/' && path[size - 1] != '/' ? S_OK : E_INVALIDARG;
}

/* ---- writing ---- */

static void forget(struct database_output *output)
{
    mem_free(output->folder);
    mem_free(output->temporary);
    *output = (struct database_output){.fd = -1};
}

static HRESULT name_parts(const char *path, struct database_output *output)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_NULL;
    size_t folder = (size_t)(strrchr(path, '/') - path) + 1;
    output->folder = mem_strndup(path, folder);
    HRESULT hr =
        output->folder ? buffer_printf(&text, "%s.export-XXXXXX", output->folder) : E_OUTOFMEMORY;
    if (SUCCEEDED(hr))
        hr = buffer_terminate(&text);
    if (SUCCEEDED(hr))
        output->temporary = (char *)buffer_take(&text);
    return hr;
}

/* A folder in the place would be found out by rename, after all the work. */
static HRESULT check_place(const char *path)
{
    struct stat status;
    if (stat(path, &status) == 0 && S_ISDIR(status.st_mode))
        return result_of_file(EISDIR);
    return S_OK;
}

HRESULT database_output_open(const char *path, struct database_output *output)
{
    *output = (struct database_output){.fd = -1};
    HRESULT hr = check_place(path);
    if (SUCCEEDED(hr))
        hr = name_parts(path, output);
    if (SUCCEEDED(hr)) {
        output->fd = mkostemp(output->temporary, O_CLOEXEC);
        if (output->fd < 0)
            hr = result_of_file(errno == ENOENT ? ENOTDIR : errno);
    }
    if (FAILED(hr))
        forget(output);
    sha256_init(&output->sha);
    return hr;
}

HRESULT database_output_write(struct database_output *output, struct bytes data)
{
    sha256_update(&output->sha, data.data, data.size);
    while (data.size > 0) {
        ssize_t done = write(output->fd, data.data, data.size);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return result_of_file(errno);
        data = bytes_of(data.data + done, data.size - (size_t)done);
    }
    return S_OK;
}

static HRESULT sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return result_of_file(errno);
    /* Some file systems cannot sync a folder and say EINVAL: nothing more can be done there. */
    HRESULT hr = fsync(fd) < 0 && errno != EINVAL ? result_of_file(errno) : S_OK;
    close(fd);
    return hr;
}

HRESULT database_output_close(struct database_output *output, const char *path, HRESULT hr)
{
    if (SUCCEEDED(hr) && fsync(output->fd) < 0)
        hr = result_of_file(errno);
    if (close(output->fd) < 0 && SUCCEEDED(hr))
        hr = result_of_file(errno);
    bool placed = SUCCEEDED(hr) && rename(output->temporary, path) == 0;
    if (SUCCEEDED(hr))
        hr = placed ? sync_folder(output->folder) : result_of_file(errno);
    if (!placed)
        unlink(output->temporary);
    forget(output);
    return hr;
}

/* ---- reading ---- */

HRESULT database_input_open(const char *path, int *fd)
{
    struct stat status;
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return result_of_file(errno);
    HRESULT hr = fstat(*fd, &status) < 0 ? result_of_file(errno) : S_OK;
    if (SUCCEEDED(hr) && !S_ISREG(status.st_mode))
        hr = result_of_file(EISDIR);
    if (FAILED(hr)) {
        close(*fd);
        *fd = -1;
    }
    return hr;
}

HRESULT database_input_rewind(int fd)
{
    return lseek(fd, 0, SEEK_SET) < 0 ? result_of_file(errno) : S_OK;
}

HRESULT database_input_read(void *context, uint8_t *data, size_t size, size_t *got)
{
    const int *fd = context;
    ssize_t done;
    do
        done = read(*fd, data, size);
    while (done < 0 && errno == EINTR);
    *got = done < 0 ? 0 : (size_t)done;
    return done < 0 ? result_of_file(errno) : S_OK;
}
