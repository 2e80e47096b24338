/* database_path.h - the file of an export: written beside its place, read from the beginning. */
#ifndef ENGINE_DATABASE_PATH_H
#define ENGINE_DATABASE_PATH_H

#include "group/database_file.h"

/* database_path_check: E_INVALIDARG: not an absolute path of a file. */
HRESULT database_path_check(const char *path) MUST_CHECK;

/* A file under way to path. */
struct database_output {
    int fd;
    char *folder;
    char *temporary;
    struct sha256 sha; /* of what was written */
};
/* Codes as of engine_database_export. After a success of open, end with close in any case:
 * committed puts the file in its place and makes it durable, else it goes. */
HRESULT database_output_open(const char *path, struct database_output *output) MUST_CHECK;
HRESULT database_output_write(struct database_output *output, struct bytes data) MUST_CHECK;
HRESULT database_output_close(struct database_output *output, const char *path,
                              HRESULT committed) MUST_CHECK;

/* A file that is read; rewind begins anew. */
HRESULT database_input_open(const char *path, int *fd) MUST_CHECK;
HRESULT database_input_rewind(int fd) MUST_CHECK;
/* database_input_read is the read function of a database_source whose context is an int *. */
HRESULT database_input_read(void *context, uint8_t *data, size_t size, size_t *got);

#endif
