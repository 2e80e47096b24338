/* Does a C program for the Windows SDK compile and run against the compat headers unchanged? */
#include "platform_sdk.h"
