/* result.h - HRESULT is the only error type; a result that nobody looks at is a mistake.
 *
 * < 0 failure, passed up unchanged; 0 success; > 0 a documented outcome (PEER_S_*). */
#ifndef BASE_RESULT_H
#define BASE_RESULT_H

#include <peergroup/errors.h>

#define MUST_CHECK __attribute__((warn_unused_result))

/* The caller's own code failed its promise: stop at once, also in release builds. Never used on
 * outside data. */
#define ASSERT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition))                                                                          \
            assert_failed(#condition, __FILE__, __LINE__);                                         \
    } while (0)

_Noreturn void assert_failed(const char *condition, const char *file, int line);

/* result_name gives "PEER_E_NO_CLOUD" for a code of errors.h, or NULL. The text is static. */
const char *result_name(HRESULT hr);

/* result_of_file gives what a program expects to hear of a file for an errno: a Win32 code as
 * HRESULT_FROM_WIN32 (E_ACCESSDENIED is one), PEER_E_DISK_FULL or E_OUTOFMEMORY. */
HRESULT result_of_file(int error) MUST_CHECK;

#endif
