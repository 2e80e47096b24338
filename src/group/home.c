/* home.c - where a user's keys and databases lie, and that nobody else can reach them.
 *
 * $PEERGROUP_HOME, else $XDG_DATA_HOME/peergroup, else ~/.local/share/peergroup. Missing folders
 * are made with 0700 from the top down, each entry synced into its parent, for a key must not
 * vanish with the folder it is in. A folder that is there is used only if it belongs to the
 * effective user and nobody else may look into it: otherwise PEER_E_NO_KEY_ACCESS, since keys in it
 * may have been read or exchanged. The folder itself may be reached over a symbolic link; what is
 * below may not. */
#include "group/home.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <unistd.h>

HRESULT home_result(int error)
{
    switch (error) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: /* a limit on files' sizes is one more way to have no room */
        return PEER_E_DISK_FULL;
    case ENOMEM:
        return E_OUTOFMEMORY;
    case ENOENT:
        return PEER_E_NOT_FOUND;
    default:
        return PEER_E_NO_KEY_ACCESS;
    }
}

HRESULT home_check_private(const struct stat *status)
{
    if (status->st_uid != geteuid() || (status->st_mode & (S_IRWXG | S_IRWXO)))
        return PEER_E_NO_KEY_ACCESS;
    return S_OK;
}

HRESULT home_join(const char *folder, const char *name, char **path)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_NULL;
    *path = NULL;
    HRESULT hr = buffer_printf(&text, "%s/%s", folder, name);
    if (SUCCEEDED(hr))
        hr = buffer_terminate(&text);
    if (SUCCEEDED(hr))
        *path = (char *)buffer_take(&text);
    return hr;
}

HRESULT home_sync(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return home_result(errno);
    /* Some file systems cannot sync a folder and say EINVAL: nothing more can be done there. */
    HRESULT hr = fsync(fd) < 0 && errno != EINVAL ? home_result(errno) : S_OK;
    close(fd);
    return hr;
}

/* Makes one folder unless it is there, and its entry durable. The path is cut at its last slash
 * for a moment. */
static HRESULT make_one(char *path)
{
    if (mkdir(path, 0700) < 0)
        return errno == EEXIST ? S_OK : home_result(errno);
    char *slash = strrchr(path, '/');
    char kept = slash[1];
    slash[1] = '\0';
    HRESULT hr = home_sync(path);
    slash[1] = kept;
    return hr;
}

/* Makes the folder of an absolute path with all that is missing above it. */
static HRESULT make_all(char *path)
{
    struct stat status;
    if (stat(path, &status) == 0)
        return S_OK;
    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        /* What is there needs no right to write above it. */
        HRESULT hr = stat(path, &status) == 0 ? S_OK : make_one(path);
        *slash = '/';
        if (FAILED(hr))
            return hr == PEER_E_NOT_FOUND ? PEER_E_NO_KEY_ACCESS : hr;
    }
    HRESULT hr = make_one(path);
    return hr == PEER_E_NOT_FOUND ? PEER_E_NO_KEY_ACCESS : hr;
}

static HRESULT check_folder(const char *path)
{
    struct stat status;
    if (stat(path, &status) < 0)
        return home_result(errno);
    return S_ISDIR(status.st_mode) ? home_check_private(&status) : PEER_E_NO_KEY_ACCESS;
}

/* Appends the home folder of the user that runs this process. */
static HRESULT append_user_folder(struct buffer *text)
{
    const char *home = secure_getenv("HOME");
    if (home && home[0] == '/')
        return buffer_append_text(text, home);
    char space[4096];
    struct passwd entry;
    struct passwd *found = NULL;
    if (getpwuid_r(geteuid(), &entry, space, sizeof(space), &found) != 0 || !found ||
        found->pw_dir[0] != '/')
        return PEER_E_NO_KEY_ACCESS;
    return buffer_append_text(text, found->pw_dir);
}

/* Appends the absolute path, by the environment. */
static HRESULT append_path(struct buffer *text)
{
    const char *own = secure_getenv("PEERGROUP_HOME");
    if (own && own[0] == '/')
        return buffer_append_text(text, own);
    if (own && own[0]) {
        char *here = getcwd(NULL, 0);
        if (!here)
            return home_result(errno);
        HRESULT hr = buffer_printf(text, "%s/%s", here, own);
        free(here);
        return hr;
    }
    const char *data = secure_getenv("XDG_DATA_HOME");
    if (data && data[0] == '/')
        return buffer_printf(text, "%s/peergroup", data);
    HRESULT hr = append_user_folder(text);
    return SUCCEEDED(hr) ? buffer_append_text(text, "/.local/share/peergroup") : hr;
}

HRESULT home_path(bool create, char **path)
{
    struct buffer text CLEANUP_BUFFER = BUFFER_NULL;
    *path = NULL;
    HRESULT hr = append_path(&text);
    while (SUCCEEDED(hr) && text.size > 1 && text.data[text.size - 1] == '/')
        text.size--;
    if (SUCCEEDED(hr))
        hr = buffer_terminate(&text);
    if (SUCCEEDED(hr) && create)
        hr = make_all((char *)text.data);
    if (SUCCEEDED(hr))
        hr = check_folder((const char *)text.data);
    if (SUCCEEDED(hr))
        *path = (char *)buffer_take(&text);
    return hr;
}

HRESULT home_folder(const char *name, bool create, char **path)
{
    char *home CLEANUP_FREE = NULL;
    char *folder CLEANUP_FREE = NULL;
    *path = NULL;
    HRESULT hr = home_path(create, &home);
    if (SUCCEEDED(hr))
        hr = home_join(home, name, &folder);
    if (SUCCEEDED(hr) && create)
        hr = make_one(folder);
    struct stat status;
    if (SUCCEEDED(hr) && lstat(folder, &status) < 0)
        hr = home_result(errno);
    if (SUCCEEDED(hr))
        hr = S_ISDIR(status.st_mode) ? home_check_private(&status) : PEER_E_NO_KEY_ACCESS;
    if (SUCCEEDED(hr)) {
        *path = folder;
        folder = NULL;
    }
    return hr;
}
