/* home.h - the user's folder and what lies below it: made private, checked before each use. */
#ifndef GROUP_HOME_H
#define GROUP_HOME_H

#include "group/identity.h"

#include <sys/stat.h>

/* home_result translates errno of a failed file operation: PEER_E_DISK_FULL, E_OUTOFMEMORY,
 * PEER_E_NOT_FOUND (no such file), else PEER_E_NO_KEY_ACCESS. */
HRESULT home_result(int error) MUST_CHECK;

/* home_check_private: status is of a file or folder that is ours alone. PEER_E_NO_KEY_ACCESS. */
HRESULT home_check_private(const struct stat *status) MUST_CHECK;

/* home_folder gives a private folder in the user's folder (free with mem_free), made when create is
 * set and it is missing; codes as home_path. */
HRESULT home_folder(const char *name, bool create, char **path) MUST_CHECK;

/* home_join gives "folder/name" (free with mem_free). E_OUTOFMEMORY. */
HRESULT home_join(const char *folder, const char *name, char **path) MUST_CHECK;

/* private_file_write puts size bytes durably into a file of folder: wholly or not at all.
 * private_file_read takes a file of exactly that size (else NTE_BAD_KEYSET) which nobody else may
 * read; data is wiped when it fails. PEER_E_NOT_FOUND. */
HRESULT private_file_write(const char *folder, const char *path, const uint8_t *data,
                           size_t size) MUST_CHECK;
HRESULT private_file_read(const char *path, uint8_t *data, size_t size) MUST_CHECK;

/* home_sync makes the entries of a folder durable. */
HRESULT home_sync(const char *folder) MUST_CHECK;

#endif
