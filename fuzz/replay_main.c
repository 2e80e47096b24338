/* replay_main.c - runs a fuzz target over every file of the folders named.
 *
 * Happy path: each file is read into a block of exactly its size, so that a sanitizer sees the
 * first byte read beyond it, and handed to LLVMFuzzerTestOneInput. Failure: a folder without a
 * file, or one that cannot be read, ends with status 1; what the target finds ends the process. */
#include "base/bytes.h"

#include <dirent.h>
#include <stdio.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool read_file(const char *path, struct buffer *content)
{
    FILE *file = fopen(path, "rb");
    if (!file)
        return false;
    uint8_t block[4096];
    size_t size;
    bool good = true;
    while (good && (size = fread(block, 1, sizeof(block), file)) > 0)
        good = SUCCEEDED(buffer_append(content, block, size));
    good = good && !ferror(file);
    fclose(file);
    return good;
}

static bool replay_file(const char *path)
{
    struct buffer content CLEANUP_BUFFER = BUFFER_NULL;
    uint8_t *exact CLEANUP_FREE = NULL;
    if (read_file(path, &content))
        exact = mem_dup(content.data, content.size);
    if (!exact) {
        fprintf(stderr, "cannot read %s\n", path);
        return false;
    }
    LLVMFuzzerTestOneInput(exact, content.size);
    return true;
}

/* Adds the files it replayed to *count. */
static bool replay_folder(const char *path, unsigned *count)
{
    DIR *folder = opendir(path);
    if (!folder) {
        fprintf(stderr, "cannot read %s\n", path);
        return false;
    }
    bool good = true;
    const struct dirent *entry;
    while (good && (entry = readdir(folder))) {
        if (entry->d_name[0] == '.')
            continue;
        struct buffer name CLEANUP_BUFFER = BUFFER_NULL;
        good = SUCCEEDED(buffer_printf(&name, "%s/%s", path, entry->d_name)) &&
               SUCCEEDED(buffer_terminate(&name)) && replay_file((const char *)name.data);
        *count += good;
    }
    closedir(folder);
    return good;
}

int main(int argc, char **argv)
{
    unsigned count = 0;
    bool good = true;
    for (int i = 1; i < argc && good; i++)
        good = replay_folder(argv[i], &count);
    printf("%u inputs\n", count);
    return good && count > 0 ? 0 : 1;
}
