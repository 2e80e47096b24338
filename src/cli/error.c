/* error.c - from an HRESULT to one line that a person can act on, and to an exit code that a script
 * can.
 *
 * One table has for each code its name, its exit class, the cause and what to do. A code without an
 * entry is told by its number. With --json the same goes out as one object. */
#include "cli/error.h"
#include "cli/output.h"
#include "cli/text.h"

#include <errno.h>
#include <stdio.h>

struct entry {
    HRESULT hr;
    const char *name;
    int exit_class;
    const char *cause; /* "cause; what to do" */
};

#define ENTRY(code, exit_class, cause)                                                             \
    {                                                                                              \
        code, #code, exit_class, cause                                                             \
    }

#define WIN32_ENTRY(code, exit_class, cause)                                                       \
    {                                                                                              \
        HRESULT_FROM_WIN32(code), #code, exit_class, cause                                         \
    }

static const struct entry entries[] = {
    WIN32_ENTRY(ERROR_FILE_NOT_FOUND, EXIT_NOT_FOUND, "there is no such file; check its name"),
    WIN32_ENTRY(ERROR_PATH_NOT_FOUND, EXIT_NOT_FOUND, "there is no such folder; make it first"),
    WIN32_ENTRY(ERROR_TOO_MANY_OPEN_FILES, EXIT_RESOURCES,
                "too many files are open; raise the limit with ulimit -n"),
    WIN32_ENTRY(ERROR_WRITE_PROTECT, EXIT_REFUSED,
                "it lies on a disk that may only be read; choose another place"),
    WIN32_ENTRY(ERROR_GEN_FAILURE, EXIT_FAILED,
                "the system refused it; look whether the disk is in order"),
    WIN32_ENTRY(ERROR_DIRECTORY, EXIT_USAGE, "it is a folder; name a file"),
    WIN32_ENTRY(ERROR_FILENAME_EXCED_RANGE, EXIT_USAGE, "the name is too long; choose another"),
    WIN32_ENTRY(ERROR_DELETE_PENDING, EXIT_NOT_FOUND,
                "the identity was deleted; take a live one, see peergroup identity list"),
    WIN32_ENTRY(ERROR_INVALID_HANDLE, EXIT_FAILED, "an error in this program; please report it"),
    WIN32_ENTRY(ERROR_SERVICE_DEPENDENCY_FAIL, EXIT_FAILED,
                "the library cannot run on this system; please report it"),
    ENTRY(E_INVALIDARG, EXIT_USAGE, "a value is not acceptable; see this command's --help"),
    ENTRY(E_OUTOFMEMORY, EXIT_RESOURCES, "no memory; free some and repeat"),
    ENTRY(E_NOTIMPL, EXIT_NOT_BUILT, "this build does not have it; look for a later version"),
    ENTRY(E_ACCESSDENIED, EXIT_REFUSED,
          "the file may not be read or written; correct its permissions"),
    ENTRY(E_HANDLE, EXIT_NOT_FOUND, "no such identity; see peergroup identity list"),
    ENTRY(E_UNEXPECTED, EXIT_FAILED, "an error inside the library; please report it"),
    ENTRY(E_FAIL, EXIT_FAILED, "an error inside the library; please report it"),
    ENTRY(NTE_FAIL, EXIT_FAILED, "cryptography on this machine is broken; check OpenSSL"),
    ENTRY(NTE_BAD_KEYSET, EXIT_RESOURCES, "a key file is damaged; restore it from a copy"),
    ENTRY(CRYPT_E_BAD_ENCODE, EXIT_RESOURCES, "a certificate is damaged; restore it from a copy"),
    ENTRY(CRYPT_E_ASN1_ERROR, EXIT_RESOURCES, "a certificate is damaged; restore it from a copy"),
    ENTRY(PEER_E_IPV6_NOT_INSTALLED, EXIT_NETWORK, "this system has no IPv6; switch it on"),
    ENTRY(PEER_E_ALREADY_EXISTS, EXIT_BUSY, "it exists already; use it or choose another name"),
    ENTRY(PEER_E_NOT_FOUND, EXIT_NOT_FOUND, "there is no such thing; see the list commands"),
    ENTRY(PEER_E_IDENTITY_NOT_FOUND, EXIT_NOT_FOUND,
          "the group knows no such member; see peergroup members"),
    ENTRY(PEER_E_RECORD_NOT_FOUND, EXIT_NOT_FOUND,
          "there is no such record, or it was deleted or has expired; see peergroup record list"),
    ENTRY(PEER_E_NODE_NOT_FOUND, EXIT_NOT_FOUND, "that node is not here; see peergroup members"),
    ENTRY(PEER_E_CONNECTION_NOT_FOUND, EXIT_NOT_FOUND,
          "that connection has ended; open it again by sending again"),
    ENTRY(PEER_E_TOO_MANY_IDENTITIES, EXIT_BUSY, "there are 1024 identities; delete one"),
    ENTRY(PEER_E_GROUPS_EXIST, EXIT_BUSY,
          "the identity still has groups; delete those first, see peergroup group list"),
    ENTRY(PEER_E_NO_KEY_ACCESS, EXIT_REFUSED,
          "the data folder cannot be used or others may read it; make it yours alone: chmod -R "
          "go= FOLDER"),
    ENTRY(PEER_E_GROUP_IN_USE, EXIT_BUSY,
          "another process has the group open; type the command there, or end it"),
    ENTRY(PEER_E_GROUP_NOT_READY, EXIT_BUSY,
          "the group's records have not arrived yet; connect first with peergroup run"),
    ENTRY(PEER_E_INVALID_GROUP, EXIT_NOT_FOUND, "the group was deleted meanwhile; nothing to do"),
    ENTRY(PEER_E_NOT_AUTHORIZED, EXIT_REFUSED,
          "this identity has not the right; ask an administrator of the group"),
    ENTRY(PEER_E_INVITATION_NOT_TRUSTED, EXIT_REFUSED,
          "the invitation was changed or is for another identity; ask for a new one"),
    ENTRY(PEER_E_INVALID_TIME_PERIOD, EXIT_REFUSED,
          "the invitation has expired or does not hold yet; check the clock, ask for a new one"),
    ENTRY(PEER_E_UNSUPPORTED_VERSION, EXIT_NOT_BUILT,
          "it was made by a later version; update peergroup"),
    ENTRY(PEER_E_CHAIN_TOO_LONG, EXIT_REFUSED,
          "too many members stand between the creator and the new one; ask one nearer to the "
          "creator"),
    ENTRY(PEER_E_IDENTITY_DELETED, EXIT_NOT_FOUND, "the identity was deleted; take a live one"),
    ENTRY(PEER_E_INVALID_PEER_NAME, EXIT_NOT_FOUND,
          "no such identity here; see peergroup identity list"),
    ENTRY(PEER_E_INVALID_CLASSIFIER, EXIT_USAGE,
          "the classifier is over 149 characters or has odd ones; choose another"),
    ENTRY(PEER_E_INVALID_GROUP_PROPERTIES, EXIT_USAGE,
          "a property of the group is not allowed; see this command's --help"),
    ENTRY(PEER_E_PASSWORD_DOES_NOT_MEET_POLICY, EXIT_USAGE,
          "the password is too weak for this system; choose a longer one"),
    ENTRY(PEER_E_INVALID_RECORD, EXIT_USAGE,
          "the expiration has passed or is after the end of this membership; give --expires"),
    ENTRY(PEER_E_INVALID_ATTRIBUTES, EXIT_USAGE,
          "an attribute is not allowed; names have up to 40 letters and digits, types are string, "
          "int and date"),
    ENTRY(PEER_E_TOO_MANY_ATTRIBUTES, EXIT_USAGE, "over 256 attributes; use fewer"),
    ENTRY(PEER_E_MAX_RECORD_SIZE_EXCEEDED, EXIT_USAGE, "over 60 MB; split the record"),
    ENTRY(PEER_E_INVALID_SEARCH, EXIT_USAGE,
          "the query does not follow the schema; see peergroup(1)"),
    ENTRY(PEER_E_NO_CLOUD, EXIT_USAGE, "no cloud has that name; leave it out"),
    ENTRY(PEER_E_CLOUD_NAME_AMBIGUOUS, EXIT_USAGE, "several clouds begin so; give the full name"),
    ENTRY(PEER_E_NO_MEMBERS_FOUND, EXIT_NETWORK,
          "no address of a member is known; give one with --connect"),
    ENTRY(PEER_E_NO_MEMBER_CONNECTIONS, EXIT_NETWORK,
          "no member answered; ask one to run, or give an address with --connect"),
    ENTRY(
        PEER_E_UNABLE_TO_LISTEN, EXIT_NETWORK,
        "the address to listen at is taken, not this machine's or none at all; choose another with "
        "--listen"),
    ENTRY(PEER_E_CONNECTION_REFUSED, EXIT_NETWORK, "the member refused; it must run and listen"),
    ENTRY(PEER_E_CONNECTION_FAILED, EXIT_NETWORK, "the member did not answer; try again later"),
    ENTRY(PEER_E_CONNECTION_NOT_AUTHENTICATED, EXIT_REFUSED,
          "the other side could not prove who it is; check the address"),
    ENTRY(PEER_E_CONNECT_SELF, EXIT_USAGE, "that is this member itself; choose another"),
    ENTRY(PEER_E_DISK_FULL, EXIT_RESOURCES, "the disk is full; make room and repeat"),
    ENTRY(PEER_E_INVALID_DATABASE, EXIT_RESOURCES,
          "the database is damaged; delete the group here and join again"),
    ENTRY(PEER_E_DATABASE_ACCESSDENIED, EXIT_REFUSED,
          "the group's database may not be read or written; correct the permissions of the data "
          "folder"),
    ENTRY(PEER_E_TOO_MUCH_LOAD, EXIT_BUSY, "too much waits already; let it drain and repeat"),
    ENTRY(PEER_E_CIRCULAR_CHAIN_DETECTED, EXIT_REFUSED,
          "a member stands twice in the chain of certificates; ask another for a new one"),
    ENTRY(PEER_E_NOT_INITIALIZED, EXIT_FAILED, "the library is not started; please report it"),
};

static const struct entry *find(HRESULT hr)
{
    for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++)
        if (entries[i].hr == hr)
            return &entries[i];
    return NULL;
}

const char *error_name(HRESULT hr)
{
    static _Thread_local char number[16];
    const struct entry *entry = find(hr);
    if (entry)
        return entry->name;
    snprintf(number, sizeof(number), "0x%08X", (unsigned)hr);
    return number;
}

const char *error_cause(HRESULT hr)
{
    const struct entry *entry = find(hr);
    if (entry)
        return entry->cause;
    return "the library gave a code without a name; look it up in peergroup/errors.h";
}

static int tell(const struct context *context, int exit_class, const char *name, HRESULT hr,
                const char *message)
{
    if (context->json) {
        json_t *error = json_pack("{s:s*, s:o, s:i}", "name", name, "message", output_text(message),
                                  "exit", exit_class);
        if (FAILED(hr)) {
            char number[16];
            snprintf(number, sizeof(number), "0x%08X", (unsigned)hr);
            json_object_set_new(error, "code", json_string(number));
        }
        output_json(json_pack("{s:b, s:s*, s:o}", "ok", 0, "command",
                              context->command ? context->command->name : NULL, "error", error));
        return exit_class;
    }
    FILE *file = context->live ? stdout : stderr;
    fprintf(file, "%s: %s%s%s%s\n", context->live ? "error" : "peergroup", message,
            name ? " [" : "", name ? name : "", name ? "]" : "");
    fflush(file);
    return exit_class;
}

int error_hr(const struct context *context, HRESULT hr, const char *format, ...)
{
    const struct entry *entry = find(hr);
    va_list values;
    va_start(values, format);
    char *tried CLEANUP_TEXT = text_vformat(format, values);
    va_end(values);
    char *message CLEANUP_TEXT = text_format("%s: %s", tried, error_cause(hr));
    return tell(context, entry ? entry->exit_class : EXIT_FAILED, error_name(hr), hr, message);
}

/* What the system says of files, as the library says it. */
static HRESULT file_result(int error)
{
    switch (error) {
    case ENOENT:
        return HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND);
    case ENOTDIR:
        return HRESULT_FROM_WIN32(ERROR_PATH_NOT_FOUND);
    case EISDIR:
        return HRESULT_FROM_WIN32(ERROR_DIRECTORY);
    case EACCES:
    case EPERM:
        return E_ACCESSDENIED;
    case EROFS:
        return HRESULT_FROM_WIN32(ERROR_WRITE_PROTECT);
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
        return PEER_E_DISK_FULL;
    case EMFILE:
    case ENFILE:
        return HRESULT_FROM_WIN32(ERROR_TOO_MANY_OPEN_FILES);
    case ENAMETOOLONG:
        return HRESULT_FROM_WIN32(ERROR_FILENAME_EXCED_RANGE);
    default:
        return HRESULT_FROM_WIN32(ERROR_GEN_FAILURE);
    }
}

int error_file(const struct context *context, int error, const char *verb, const char *path)
{
    return error_hr(context, file_result(error), "cannot %s %s", verb, path);
}

int error_usage(const struct context *context, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    char *message CLEANUP_TEXT = text_vformat(format, values);
    va_end(values);
    return tell(context, EXIT_USAGE, NULL, S_OK, message);
}

int error_say(const struct context *context, int exit_class, const char *name, const char *format,
              ...)
{
    va_list values;
    va_start(values, format);
    char *message CLEANUP_TEXT = text_vformat(format, values);
    va_end(values);
    return tell(context, exit_class, name, S_OK, message);
}
