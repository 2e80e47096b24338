/* Does a C++ program for the Windows SDK compile against the compat headers unchanged, next to the
 * standard library? */
#include <windows.h>
#include <algorithm>
#include <string>
#include <vector>
#include "platform_sdk.h"

/* Comparing GUIDs by operator is C++ alone. */
static bool use_operators(const GUID &first, const GUID &second)
{
    return first == second || first != second;
}

bool platform_compile_operators(const GUID &first)
{
    return use_operators(first, CHAT_RECORD_TYPE);
}
