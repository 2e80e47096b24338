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

/* Win32 codes of files. */
enum {
    CODE_FILE_NOT_FOUND = 2,
    CODE_PATH_NOT_FOUND = 3,
    CODE_TOO_MANY_OPEN_FILES = 4,
    CODE_ACCESS_DENIED = 5,
    CODE_WRITE_PROTECT = 19,
    CODE_GEN_FAILURE = 31,
    CODE_FILENAME_EXCED_RANGE = 206
};

static HRESULT file_result(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return PEER_E_DISK_FULL;
    case ENOMEM:
        return E_OUTOFMEMORY;
    case ENOENT:
        return HRESULT_FROM_WIN32(CODE_FILE_NOT_FOUND);
    case ENOTDIR:
    case ELOOP:
        return HRESULT_FROM_WIN32(CODE_PATH_NOT_FOUND);
    case EMFILE:
    case ENFILE:
        return HRESULT_FROM_WIN32(CODE_TOO_MANY_OPEN_FILES);
    case EACCES:
    case EPERM:
    case EISDIR:
        return HRESULT_FROM_WIN32(CODE_ACCESS_DENIED);
    case EROFS:
        return HRESULT_FROM_WIN32(CODE_WRITE_PROTECT);
    case ENAMETOOLONG:
        return HRESULT_FROM_WIN32(CODE_FILENAME_EXCED_RANGE);
    default:
        return HRESULT_FROM_WIN32(CODE_GEN_FAILURE);
    }
}

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
        return file_result(EISDIR);
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
            hr = file_result(errno == ENOENT ? ENOTDIR : errno);
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
            return file_result(errno);
        data = bytes_of(data.data + done, data.size - (size_t)done);
    }
    return S_OK;
}

static HRESULT sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return file_result(errno);
    /* Some file systems cannot sync a folder and say EINVAL: nothing more can be done there. */
    HRESULT hr = fsync(fd) < 0 && errno != EINVAL ? file_result(errno) : S_OK;
    close(fd);
    return hr;
}

HRESULT database_output_close(struct database_output *output, const char *path, HRESULT hr)
{
    if (SUCCEEDED(hr) && fsync(output->fd) < 0)
        hr = file_result(errno);
    if (close(output->fd) < 0 && SUCCEEDED(hr))
        hr = file_result(errno);
    bool placed = SUCCEEDED(hr) && rename(output->temporary, path) == 0;
    if (SUCCEEDED(hr))
        hr = placed ? sync_folder(output->folder) : file_result(errno);
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
        return file_result(errno);
    HRESULT hr = fstat(*fd, &status) < 0 ? file_result(errno) : S_OK;
    if (SUCCEEDED(hr) && !S_ISREG(status.st_mode))
        hr = file_result(EISDIR);
    if (FAILED(hr)) {
        close(*fd);
        *fd = -1;
    }
    return hr;
}

HRESULT database_input_rewind(int fd)
{
    return lseek(fd, 0, SEEK_SET) < 0 ? file_result(errno) : S_OK;
}

HRESULT database_input_read(void *context, uint8_t *data, size_t size, size_t *got)
{
    const int *fd = context;
    ssize_t done;
    do
        done = read(*fd, data, size);
    while (done < 0 && errno == EINTR);
    *got = done < 0 ? 0 : (size_t)done;
    return done < 0 ? file_result(errno) : S_OK;
}
